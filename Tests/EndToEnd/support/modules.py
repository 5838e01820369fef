"""ES modules and what they import, in the repository and as a service serves them."""

import re
import urllib.parse

from .processes import PROJECT

WEB = PROJECT / "Sources/API/Web"
IMPORT = re.compile(r'^(?:import|export)\b(?:[^;"]*\bfrom\b)?\s*"([^"]+)";', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async function|function|const|class) (\w+)", re.MULTILINE)


def imports(text):
    """The specifiers that a module names."""
    return IMPORT.findall(text)


def stored():
    """The browser client as the repository has it, each module by its path."""
    return {f"/{path.relative_to(WEB)}": path.read_bytes() for path in (WEB / "client.js", *(WEB / "client").iterdir())}


def served(service, path="/client.js"):
    """A module of a service and all that it imports, each by its path."""
    found, waiting = {}, [path]
    while waiting:
        path = waiting.pop()
        if path not in found:
            response = service.get(path)
            assert response.status_code == 200, path
            found[path] = response.content
            waiting += [urllib.parse.urljoin(path, name) for name in imports(response.text)]
    return found
