"""Composition of mjproxy: settings, URLs, servers and start-up."""

import gc

__version__ = "0.1.0"

# New objects after which Python looks for garbage. With its default of 700 an eighth of
# the start goes into looks, because modules are many objects and hardly any garbage.
gc.set_threshold(5000, 10, 10)
