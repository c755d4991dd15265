# Shield Standard is always on and costs nothing. Shield Advanced costs 3000 USD a month for at least a year,
# so the subscription is not made here. Subscribe in the console, then set shield_advanced.
resource "aws_shield_protection" "load_balancer" {
  count = var.shield_advanced ? 1 : 0

  name         = var.name
  resource_arn = var.load_balancer_arn
}

# Shield adds rules to the web ACL during an attack, so the web ACL must be associated first.
resource "aws_shield_application_layer_automatic_response" "load_balancer" {
  count = var.shield_advanced ? 1 : 0

  resource_arn = var.load_balancer_arn
  action       = "BLOCK"

  depends_on = [
    aws_shield_protection.load_balancer,
    aws_wafv2_web_acl_association.load_balancer,
  ]
}
