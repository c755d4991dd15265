"""Check the files of the web application firewall before nginx loads them."""
