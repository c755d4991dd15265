# A zone has one ruleset of each phase. If yours has one already, import it and add these rules.
locals {
  api = "(http.host eq \"${var.hostname}\")"

  # The ids of rulesets and rules that Cloudflare maintains. They are the same for all customers.
  managed_ruleset = "efb7b8c949ac4650a09736fc376e9aee"
  owasp_ruleset   = "4814384a9e5d4991b9815dcfc25d2f1f"
  owasp_score     = "6179ae15870a4bb7b2d480d4843b323c"
}

resource "cloudflare_ruleset" "custom" {
  zone_id = var.zone_id
  name    = "FutureTracker: paths and methods"
  kind    = "zone"
  phase   = "http_request_firewall_custom"

  rules = [
    {
      ref         = "futuretracker_metrics"
      description = "Metrics are not public"
      expression  = "${local.api} and starts_with(lower(http.request.uri.path), \"/metrics\")"
      action      = "block"
    },
    {
      ref         = "futuretracker_methods"
      description = "Methods that the API does not have"
      expression  = "${local.api} and not http.request.method in {\"GET\" \"HEAD\" \"OPTIONS\" \"POST\" \"PUT\" \"PATCH\" \"DELETE\"}"
      action      = "block"
    },
  ]
}

resource "cloudflare_ruleset" "managed" {
  zone_id = var.zone_id
  name    = "FutureTracker: managed rules"
  kind    = "zone"
  phase   = "http_request_firewall_managed"

  rules = [
    {
      ref         = "futuretracker_managed"
      description = "Cloudflare's rules against known vulnerabilities"
      expression  = local.api
      action      = "execute"
      action_parameters = {
        id = local.managed_ruleset
      }
    },
    {
      ref         = "futuretracker_owasp"
      description = "OWASP Core Rule Set, paranoia level 1"
      expression  = local.api
      action      = "execute"
      action_parameters = {
        id = local.owasp_ruleset
        overrides = {
          categories = [
            for level in [2, 3, 4] : { category = "paranoia-level-${level}", enabled = false }
          ]
          rules = [
            # Job descriptions hold code, SQL words and HTML, so a low threshold would refuse them.
            { id = local.owasp_score, action = var.owasp_action, score_threshold = 60 },
          ]
        }
      }
    },
  ]
}

resource "cloudflare_ruleset" "rate_limit" {
  zone_id = var.zone_id
  name    = "FutureTracker: rate limit"
  kind    = "zone"
  phase   = "http_ratelimit"

  # It counts preflights as well, because the Pro plan has no rate limit that depends on the method.
  rules = [
    {
      ref         = "futuretracker_requests"
      description = "Floods from one address"
      expression  = local.api
      action      = "block"
      action_parameters = {
        response = {
          status_code  = 429
          content_type = "application/json"
          content = jsonencode({
            error   = "Rate Limit Exceeded"
            message = "You have made too many requests. Please try again later."
            code    = "rate_limit_exceeded"
          })
        }
      }
      ratelimit = {
        characteristics     = ["cf.colo.id", "ip.src"]
        period              = 60
        requests_per_period = var.requests_per_minute
        mitigation_timeout  = 60
      }
    },
  ]
}

# A response of the API is for one user. Cloudflare must not keep it.
resource "cloudflare_ruleset" "cache" {
  zone_id = var.zone_id
  name    = "FutureTracker: no cache"
  kind    = "zone"
  phase   = "http_request_cache_settings"

  rules = [
    {
      ref               = "futuretracker_no_cache"
      description       = "Do not cache the API"
      expression        = local.api
      action            = "set_cache_settings"
      action_parameters = { cache = false }
    },
  ]
}
