variable "region" {
  description = "The region of the load balancer, such as eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as eu-central-1."
  }
}

variable "load_balancer_arn" {
  description = "The ARN of the application load balancer in front of the API."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/app/", var.load_balancer_arn))
    error_message = "load_balancer_arn must be the ARN of an application load balancer."
  }
}

variable "name" {
  description = "The name of the web ACL, and the start of the names of its metrics."
  type        = string
  default     = "futuretracker-api"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,63}$", var.name))
    error_message = "name must have small letters, digits and hyphens."
  }
}

variable "requests_per_minute" {
  description = "The requests of one address per minute, without preflights; more are refused until the rate falls."
  type        = number
  # The service allows an address 2000 requests in 15 minutes, and two such windows may meet in one minute.
  # Preflights do not count, neither there nor here. 1000 more are for paths without a limit, such as /docs:
  # 2 * 2000 + 1000. Change it together with RATE_LIMIT_GENERAL.
  default = 5000

  validation {
    condition     = var.requests_per_minute >= 10 && floor(var.requests_per_minute) == var.requests_per_minute
    error_message = "requests_per_minute must be a whole number of at least 10."
  }
}

variable "log_retention_days" {
  description = "For how many days the log of refused requests is kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days must be 1, 3, 5, 7, 14, 30, 60, 90, 180 or 365."
  }
}

variable "shield_advanced" {
  description = "Whether Shield Advanced protects the load balancer. The account must have subscribed to it."
  type        = bool
  default     = false
}
