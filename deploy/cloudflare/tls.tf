# TLS between clients and Cloudflare, for the whole zone.
resource "cloudflare_zone_setting" "min_tls_version" {
  zone_id    = var.zone_id
  setting_id = "min_tls_version"
  value      = "1.2"
}

# There is no always_use_https: nginx redirects to https, except for the files that a certificate authority
# requests.

# Authenticated origin pulls: Cloudflare shows nginx a client certificate. See
# deploy/nginx/futuretracker/origin-pulls.conf. With Cloudflare's own certificate, nginx knows that a
# request comes from Cloudflare, but not from which customer.
resource "cloudflare_zone_setting" "origin_pulls" {
  zone_id    = var.zone_id
  setting_id = "tls_client_auth"
  value      = var.own_origin_certificate ? "off" : "on"
}

# With your own certificate, nginx accepts requests of this zone only.
resource "cloudflare_authenticated_origin_pulls_settings" "own" {
  count = var.own_origin_certificate ? 1 : 0

  zone_id = var.zone_id
  enabled = true
}
