"""The Terraform files of deploy/, planned by the real Terraform."""
