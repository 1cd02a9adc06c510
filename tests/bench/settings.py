"""The product's settings with one more view, to compare with, and a count of SQL."""

from mjproxy.settings import *  # noqa: F403
from tests.bench import counting

ROOT_URLCONF = "tests.bench.urls"

counting.begin()
