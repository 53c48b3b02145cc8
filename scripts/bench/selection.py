"""What --only picks."""
import re


def matches(o, name):
    return o.only is None or re.search(o.only, name) is not None
