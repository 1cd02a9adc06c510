"""Ways to pay for credits: the plug-ins, one for each payment service."""
