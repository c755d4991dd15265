# Clients see Cloudflare's addresses only.
locals {
  origins = merge(
    { A = var.origin_ipv4 },
    var.origin_ipv6 == null ? {} : { AAAA = var.origin_ipv6 },
  )
}

resource "cloudflare_dns_record" "api" {
  for_each = local.origins

  zone_id = var.zone_id
  name    = var.hostname
  type    = each.key
  content = each.value
  proxied = true
  ttl     = 1 # automatic, the only value of a proxied record
  comment = "FutureTracker API"
}
