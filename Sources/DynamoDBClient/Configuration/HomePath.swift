/// Paths as AWS's variables may write them: with `~` for the home directory and with variables, which Python's `os.path.expandvars` and
/// `os.path.expanduser` replace for botocore.
enum HomePath {
    /// `HOME`; nil where it is not set.
    static func home(_ environment: [String: String]) -> String? {
        environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `path` with `$NAME` and `${NAME}` replaced, and a `~` at the start. What is not set stays as it is written.
    static func expand(_ path: String, _ environment: [String: String]) -> String {
        let path = replacingVariables(path, environment)
        guard let home = home(environment), path == "~" || path.hasPrefix("~/") else { return path }
        return home + path.dropFirst()
    }

    private static func replacingVariables(_ path: String, _ environment: [String: String]) -> String {
        var result = ""
        var rest = path[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            let (name, written) = variable(rest)
            result += name.flatMap { environment[$0] } ?? String(written)
            rest = rest[written.endIndex...]
        }
        return result + rest
    }

    /// The variable that `text` begins with, and how it is written there; just the `$` where no name follows.
    private static func variable(_ text: Substring) -> (name: String?, written: Substring) {
        let afterDollar = text.dropFirst()
        if afterDollar.first == "{" {
            guard let end = afterDollar.firstIndex(of: "}") else { return (nil, text.prefix(1)) }
            return (String(afterDollar.dropFirst()[..<end]), text[...end])
        }
        let name = afterDollar.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        return (name.isEmpty ? nil : String(name), text[..<name.endIndex])
    }
}
