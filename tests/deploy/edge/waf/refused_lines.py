"""Lines of ``exclusions.conf`` that let attacks pass or do nothing, and what ``waf-check`` says."""

from __future__ import annotations


def _control(what: str) -> str:
    """Return a rule with this action."""
    return f'SecAction "id:10199,phase:1,nolog,pass,ctl:{what}"'


def _rule(expression: str) -> str:
    """Return a rule with this operator."""
    return f'SecRule ARGS|!ARGS:q "{expression}" "id:10198,phase:2,deny,t:none"'


_WHOLE = "this excludes whole rules. Exclude one field of one rule instead"
_UNUSABLE = "ModSecurity cannot use this regular expression:"
_EARLY = "this refuses requests with a 403 before their bodies have been read, and nginx never"
_DECIDES = "this changes rule 949110, which refuses a request by its score"

LINES = {
    # ModSecurity reads each name in any letter case.
    "secruleremovebyid 942100": _WHOLE,
    "SECRULEREMOVEBYTAG attack-sqli": _WHOLE,
    'secruleremovebymsg "SQL Injection"': _WHOLE,
    'secruleupdatetargetbytag attack-sqli "!ARGS:json.title"': _WHOLE,
    'secruleupdatetargetbyid 942999 "!ARGS:json.title"': "there is no rule 942999.",
    _control("RuleRemoveById=942100"): _WHOLE,
    _control("RULEREMOVETARGETBYTAG=attack-sqli;ARGS:q"): _WHOLE,
    _control("RuleRemoveTargetByID=942998;ARGS:q"): "there is no rule 942998.",
    # More than one field.
    'SecRuleUpdateTargetById 942100 "!ARGS"': "!ARGS is not one field. Exclude one field",
    'SecRuleUpdateTargetById 942100 "! args"': "! args is not one field.",
    'SecRuleUpdateTargetById 942100 "!ARGS:/.*/"': "!ARGS:/.*/ is not one field.",
    "SecRuleUpdateTargetById 942100 \"!ARGS:'/.*/'\"": "!ARGS: /.*/ is not one field.",
    'SecRuleUpdateTargetById 942100 "!ARGS:q|!ARGS_NAMES"': "!ARGS:q|!ARGS_NAMES is not one field.",
    'SecRuleUpdateTargetById 942100 "!ARGS:q,!XML:/*"': "!ARGS:q,!XML:/* is not one field.",
    'SecRuleUpdateTargetById 942100 "!REQUEST_COOKIES"': "!REQUEST_COOKIES is not one field.",
    'SecRuleUpdateTargetById 942100-942200 "!ARGS:q"': "there is no rule 942100-942200.",
    _control("ruleRemoveTargetById=942100;ARGS"): "ARGS is not one field.",
    _control("ruleRemoveTargetById=942100;ARGS:/.*/"): "ARGS:/.*/ is not one field.",
    _control("ruleRemoveTargetById=942100"): "this is not one field.",
    # The rules that decide.
    "SecRuleRemoveById 949110": _DECIDES,
    "SecRuleRemoveById 942100 949000-949999": _DECIDES,
    'SecRuleRemoveById "959000 - 959999"': "this changes rule 959100,",
    'SecRuleUpdateTargetById 949110 "!TX:anomaly_score"': _DECIDES,
    'SecRuleUpdateTargetById 949110 "TX:nothing"': _DECIDES,
    'secRuleUpdateActionById 949110 "pass"': _DECIDES,
    _control("ruleRemoveById=949110"): _DECIDES,
    _control("ruleRemoveById=900000-999999"): _DECIDES,
    _control("ruleRemoveTargetById=949110;TX:ANOMALY_SCORE"): _DECIDES,
    'SecRuleUpdateActionById 942100 "pass"': "this changes what a whole rule does.",
    # The engine.
    _control("ruleEngine=Off"): "ctl:ruleEngine=Off lets attacks pass. Remove it",
    _control("RULEENGINE=off"): "ctl:RULEENGINE=off lets attacks pass.",
    _control("ruleEngine=DetectionOnly"): "ctl:ruleEngine=DetectionOnly lets attacks pass.",
    "secruleengine off": "SecRuleEngine off lets every attack pass. Write On, DetectionOnly or Off",
    # Refusals before the body has been read.
    'SecRule ARGS:q "@rx x" "id:10198,phase:1,deny,t:none"': _EARLY,
    'SecRule ARGS:q "@rx x" "id:10198,phase:\'1\',t:none,Deny,status:403"': _EARLY,
    'SecAction "id:10198,phase:REQUEST_HEADERS,drop"': _EARLY,
    "secdefaultaction phase:1,nolog,deny": _EARLY,
    # Regular expressions that nginx accepts.
    _rule("@rx (yyy|zzz"): f"{_UNUSABLE} missing closing parenthesis (character 8). Correct it.",
    _rule("!@Rx yyy)"): f"{_UNUSABLE} unmatched closing parenthesis",
    _rule(r"yyy\"[zzz"): f"{_UNUSABLE} missing terminating ]",
}

# Lines that are in order.
ACCEPTED = [
    'SecRuleUpdateTargetById 942100 "!ARGS:json.title"',
    'secruleupdatetargetbyid 942100 "!args:json.title|!ARGS_GET:q"',
    'SecRuleUpdateTargetById 930120 "REQUEST_FILENAME"',
    'SecRuleUpdateTargetById 921110 "!REQUEST_BODY"',
    _control("ruleRemoveTargetById=942100;REQUEST_COOKIES:a_b-c"),
    "SecRuleEngine DetectionOnly",
    "secruleengine on",
    # PCRE has more than Python's expressions.
    _rule(r"@rx (?|a|b)[[:space:](]\h\Q(\E(?<n>x)\""),
    _rule("@rx %{tx.not_known_yet}("),
    _rule("@contains ("),
    # Only a 403 is inspected once more.
    'SecRule ARGS:q "@rx x" "id:10198,phase:1,deny,status:404"',
    'SecRule ARGS:q "@rx ,phase:1,deny,\\"" "id:10198,phase:2,deny"',
    _rule("!@contains ("),
]
