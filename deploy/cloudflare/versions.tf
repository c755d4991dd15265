# The token is read from CLOUDFLARE_API_TOKEN, never from a file. It needs these permissions for the zone:
# DNS, Zone Settings, Zone WAF, Cache Settings, Config Rules, Bot Management, SSL and Certificates: Edit.
terraform {
  required_version = ">= 1.6"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.12"
    }
  }
}

provider "cloudflare" {}
