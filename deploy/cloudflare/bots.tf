# Programs may call the API with a key, so nothing here asks a client to solve a challenge. Clients of an
# API cannot do that.
resource "cloudflare_bot_management" "zone" {
  zone_id            = var.zone_id
  fight_mode         = false
  enable_js          = false
  ai_bots_protection = "block"
}

resource "cloudflare_ruleset" "settings" {
  zone_id = var.zone_id
  name    = "FutureTracker: settings"
  kind    = "zone"
  phase   = "http_config_settings"

  rules = [
    {
      ref         = "futuretracker_settings"
      description = "Verified TLS to the host, and no change of responses"
      expression  = local.api
      action      = "set_config"
      action_parameters = {
        ssl                      = "strict"
        bic                      = false # it refuses programs by their User-Agent
        security_level           = "essentially_off"
        automatic_https_rewrites = false
        email_obfuscation        = false
        rocket_loader            = false
      }
    },
  ]
}
