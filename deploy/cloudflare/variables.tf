variable "zone_id" {
  description = "The zone of the DNS name. The zone's overview page shows its id."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{32}$", var.zone_id))
    error_message = "zone_id must have 32 hexadecimal digits."
  }
}

variable "hostname" {
  description = "The DNS name of the API, such as api.example.com."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.hostname))
    error_message = "hostname must be a DNS name in small letters, such as api.example.com."
  }
}

variable "origin_ipv4" {
  description = "The public IPv4 address of the host that runs nginx. Nobody else should know it."
  type        = string

  validation {
    condition     = can(cidrhost("${var.origin_ipv4}/32", 0)) && !strcontains(var.origin_ipv4, ":")
    error_message = "origin_ipv4 must be an IPv4 address."
  }
}

variable "origin_ipv6" {
  description = "The public IPv6 address of that host; null if it has none."
  type        = string
  default     = null

  validation {
    condition = (
      var.origin_ipv6 == null
      ? true
      : can(cidrhost("${var.origin_ipv6}/128", 0)) && strcontains(var.origin_ipv6, ":")
    )
    error_message = "origin_ipv6 must be an IPv6 address or null."
  }
}

variable "requests_per_minute" {
  description = "The requests of one address in one data center per minute; more are refused for a minute."
  type        = number
  # The service allows an address 2000 requests in 15 minutes, and two such windows may meet in one minute.
  # A browser may send a preflight before each request, and the service does not count it. 1000 more are for
  # paths without a limit, such as /docs: 2 * 2000 * 2 + 1000. Change it together with RATE_LIMIT_GENERAL.
  default = 9000

  validation {
    condition     = var.requests_per_minute >= 60 && floor(var.requests_per_minute) == var.requests_per_minute
    error_message = "requests_per_minute must be a whole number of at least 60."
  }
}

variable "owasp_action" {
  description = "What Cloudflare's OWASP rules do: log, or block. The WAF on the host has the same rules, tuned for this API."
  type        = string
  default     = "log"

  validation {
    condition     = contains(["log", "block"], var.owasp_action)
    error_message = "owasp_action must be log or block."
  }
}

variable "own_origin_certificate" {
  description = "Whether Cloudflare uses a client certificate of your own, which you have uploaded for the zone."
  type        = bool
  default     = false
}
