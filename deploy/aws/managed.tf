locals {
  # The firewall on the host has the OWASP rules, tuned for this API. Job descriptions hold code, SQL words,
  # links and HTML, so the rules of AWS that look into the body only count. So do those that refuse a body
  # over 8 KiB, which is the most that AWS reads at a load balancer, and a program without a User-Agent.
  managed = {
    reputation = { group = "AWSManagedRulesAmazonIpReputationList", priority = 20, counted = [] }
    bad_inputs = {
      group    = "AWSManagedRulesKnownBadInputsRuleSet"
      priority = 30
      counted  = ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"]
    }
    common = {
      group    = "AWSManagedRulesCommonRuleSet"
      priority = 40
      counted = [
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
      ]
    }
    sql = {
      group    = "AWSManagedRulesSQLiRuleSet"
      priority = 50
      counted  = ["SQLi_BODY", "SQLiExtendedPatterns_BODY"]
    }
  }
}
