"""The product's settings with one more view, to compare with."""

from mjproxy.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
