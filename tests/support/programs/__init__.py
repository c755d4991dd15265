"""The programs that tests need: how to find and install them, and which tests need them."""
