#!/usr/bin/env python
"""Run a management command of mjproxy."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from mjproxy.run import demo


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")
    if demo.wanted(sys.argv):
        demo.set_environment()
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:
        sys.stderr.write(f"mjproxy: {' '.join(str(exc).split())}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
