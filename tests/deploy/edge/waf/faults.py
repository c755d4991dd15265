"""Faults in the firewall's files. Each function makes one, and returns what ``waf-check`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.programs.table import MODULE

if TYPE_CHECKING:
    from pathlib import Path


def append(file: Path, text: str) -> None:
    """Add a line to a file."""
    file.write_text(f"{file.read_text()}{text}\n")


def break_a_rule(folder: Path) -> str:
    append(
        folder / "futuretracker/waf/exclusions.conf", 'SecRule ARGS "@rx x" "id:1,phase:2,denied"'
    )
    return (
        "exclusions.conf: ModSecurity does not understand a rule: Expecting an action, got:  denied"
    )


def leave_a_quote_open(folder: Path) -> str:
    file = folder / "futuretracker/waf/before.conf"
    append(file, 'SecRule ARGS "@rx x')
    return f"before.conf, line {file.read_text().count(chr(10))}: a quote is not closed."


def forget_the_id(folder: Path) -> str:
    append(folder / "futuretracker/waf/before.conf", 'SecRule ARGS "@rx x" "phase:2,deny"')
    return "ModSecurity does not understand the rules: Rules must have an ID."


def forget_the_module(folder: Path) -> str:
    main = folder / "nginx.conf"
    main.write_text(main.read_text().replace(f"load_module {MODULE};", ""))
    return "nginx has no ModSecurity: install the package libnginx-mod-http-modsecurity."


def remove_the_module(folder: Path) -> str:
    main = folder / "nginx.conf"
    main.write_text(main.read_text().replace(str(MODULE), "/nowhere/modsecurity.so"))
    return "nginx cannot load /nowhere/modsecurity.so: reinstall the packages"


def exclude_a_rule_that_does_not_exist(folder: Path) -> str:
    append(
        folder / "futuretracker/waf/exclusions.conf",
        'SecRuleUpdateTargetById 942999 "!ARGS:json.title"',
    )
    return "there is no rule 942999. Remove the exclusion, or correct the id."


def exclude_such_a_rule_in_an_action(folder: Path) -> str:
    append(
        folder / "futuretracker/waf/exclusions.conf",
        'SecAction "id:10199,phase:1,nolog,pass,ctl:ruleRemoveTargetById=942998;ARGS:x"',
    )
    return "there is no rule 942998."


def exclude_a_whole_rule(folder: Path) -> str:
    append(folder / "futuretracker/waf/exclusions.conf", "SecRuleRemoveById 942100")
    return "this excludes whole rules. Exclude one field of one rule instead"


def exclude_by_tag(folder: Path) -> str:
    append(folder / "futuretracker/waf/exclusions.conf", 'SecRuleRemoveByTag "attack-sqli"')
    return "this excludes whole rules."


def lose_the_rules(folder: Path) -> str:
    main = folder / "futuretracker/waf/main.conf"
    main.write_text(main.read_text().replace("/usr/share/modsecurity-crs", "/no/modsecurity-crs"))
    return "does not exist. Install the package modsecurity-crs."


def lose_a_file(folder: Path) -> str:
    (folder / "futuretracker/waf/setup.conf").unlink()
    return "setup.conf does not exist."


def leave_it_switched_off(folder: Path) -> str:
    site = folder / "sites-enabled/futuretracker-api"
    line = "include futuretracker/waf/inspect.conf;"
    site.write_text(site.read_text().replace(line, f"# {line}"))
    return "The site does not include waf/inspect.conf: remove the # in front of that line."


def leave_files_out(folder: Path) -> str:
    site = folder / "sites-enabled/futuretracker-api"
    line = "include futuretracker/waf/inspect-file.conf;"
    site.write_text(site.read_text().replace(line, f"# {line}"))
    return "The site does not include waf/inspect-file.conf: remove the # in front of that line."


def empty_the_engine(folder: Path) -> str:
    (folder / "futuretracker/waf/engine.conf").write_text("")
    return "engine.conf, line 1: SecRuleEngine is missing, so every attack passes. Write"


def lose_the_engine(folder: Path) -> str:
    main = folder / "futuretracker/waf/main.conf"
    main.write_text(main.read_text().replace("Include engine.conf\n", ""))
    return "engine.conf, line 1: SecRuleEngine is missing, so every attack passes. Write"


def misspell_the_engine(folder: Path) -> str:
    (folder / "futuretracker/waf/engine.conf").write_text("# On or Off\nSecRuleEngine Detect\n")
    return "engine.conf, line 2: SecRuleEngine detect lets every attack pass. Write On,"


def empty_the_main_file(folder: Path) -> str:
    (folder / "futuretracker/waf/main.conf").write_text("")
    return "main.conf, line 1: there are no rules, so every attack passes. Install the file again."


def lose_the_rule_that_decides(folder: Path) -> str:
    main = folder / "futuretracker/waf/main.conf"
    main.write_text(main.read_text().replace("/REQUEST-*.conf", "/REQUEST-9[0-3]*.conf"))
    return "main.conf: there is no rule 949110, which refuses a request by its score, so attacks"


def exclude_in_a_folder_below(folder: Path) -> str:
    own = folder / "futuretracker/waf/own"
    own.mkdir()
    (own / "more.conf").write_text("# Ours.\nSecRuleRemoveById 942100\n")
    append(folder / "futuretracker/waf/main.conf", f"Include {own}/more.conf")
    return "own/more.conf, line 2: this excludes whole rules."


def repeat_an_id(folder: Path) -> str:
    append(folder / "futuretracker/waf/before.conf", 'SecAction "id:10221,phase:1,pass"')
    return "has the id 10221, too. Choose another id."


def repeat_an_id_of_the_core_rule_set(folder: Path) -> str:
    file = folder / "futuretracker/waf/before.conf"
    append(file, 'SecAction "id:942100,phase:1,pass"')
    line = file.read_text().count("\n")
    return f"before.conf, line {line}: the rule in /usr/share/modsecurity-crs/rules/REQUEST-942"


FAULTS = [
    *(break_a_rule, leave_a_quote_open, forget_the_id, forget_the_module, remove_the_module),
    *(exclude_a_rule_that_does_not_exist, exclude_such_a_rule_in_an_action),
    *(exclude_a_whole_rule, exclude_by_tag, lose_the_rules, lose_a_file, leave_it_switched_off),
    *(leave_files_out, empty_the_engine, lose_the_engine, misspell_the_engine),
    *(empty_the_main_file, lose_the_rule_that_decides, exclude_in_a_folder_below),
    *(repeat_an_id, repeat_an_id_of_the_core_rule_set),
]
