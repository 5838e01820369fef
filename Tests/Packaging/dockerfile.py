"""As much of a Dockerfile's and a .dockerignore's meaning as is needed to take the same steps without a container engine."""

import fnmatch
import json
import re


class Stage:
    """A stage with its own steps as (keyword, value), comments and line breaks taken out. `parent` is the stage that it begins from."""

    def __init__(self, base, name, parent):
        self.base, self.name, self.parent = parent.base if parent else base, name, parent
        self.steps = []

    @property
    def lineage(self):
        """The stages from the first one to this, each the parent of the next."""
        return [*(self.parent.lineage if self.parent else []), self]

    @property
    def instructions(self):
        """The steps of the whole lineage: an image inherits what its parents set."""
        return [step for stage in self.lineage for step in stage.steps]

    def all(self, keyword):
        return [value for word, value in self.instructions if word == keyword]

    def one(self, keyword):
        values = self.all(keyword)
        assert len(values) == 1, f"{keyword} stands {len(values)} times in the stage from {self.base}"
        return values[0]

    def words(self, keyword):
        """The exec form of ENTRYPOINT or CMD; the shell form is refused, because a shell would swallow the stop signal."""
        value = self.one(keyword)
        assert value.startswith("["), f"{keyword} must be in exec form: {value}"
        return json.loads(value)

    @property
    def environment(self):
        return dict(pair.split("=", 1) for value in self.all("ENV") for pair in value.split())

    @property
    def health_check(self):
        return json.loads(self.one("HEALTHCHECK").split(" CMD ", 1)[1])

    @property
    def packages(self):
        found = []
        for run in self.all("RUN"):
            for listed in re.findall(r"apt-get install ([^&;]*)", run):
                found += [word for word in listed.split() if not word.startswith("-")]
        return found


def stages(text):
    """The stages of a Dockerfile, in its order."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found, arguments = [], {}
    for line in filter(None, map(str.strip, joined.splitlines())):
        keyword, value = line.split(None, 1)
        if keyword == "ARG" and not found:
            name, _, default = value.partition("=")
            arguments[name] = default
        elif keyword == "FROM":
            words = re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], value).split()
            parent = next((stage for stage in found if stage.name == words[0]), None)
            found.append(Stage(words[0], words[2] if len(words) > 2 else None, parent))
        else:
            found[-1].steps.append((keyword, re.sub(r"\s+", " ", value)))
    return found


def context(names, ignored):
    """The files that `COPY . .` would send: the last rule that matches a file, or a folder that it is in, decides."""
    rules = [line.strip() for line in ignored.splitlines() if line.strip() and not line.startswith("#")]

    def matches(name, rule):
        parts = name.split("/")
        prefixes = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        return any(fnmatch.fnmatch(prefix, rule) and (rule.count("/") == prefix.count("/") or "**" in rule) for prefix in prefixes)

    for name in names:
        kept = True
        for rule in rules:
            if matches(name, rule.removeprefix("!")):
                kept = rule.startswith("!")
        if kept:
            yield name
