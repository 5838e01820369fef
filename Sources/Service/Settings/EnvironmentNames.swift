/// The environment variables that begin with the project's name.
package enum EnvironmentNames {
    static let prefix = "TABLECAST_"
    /// The bearer token of the commands that read a feed.
    package static let token = prefix + "TOKEN"

    /// Throws for a variable with the prefix that nothing reads: it is a typing error, which would be ignored in silence. An empty
    /// variable counts as unset.
    package static func check(
        _ environment: [String: String],
        settings: [Setting] = SettingsTable.settings
    ) throws(SettingsError) {
        let known = settings.map(\.variable) + [token]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(prefix) && !value.isEmpty
        {
            guard known.contains(name) || isMadeByKubernetes(name, value) else {
                throw SettingsError(
                    unknown: String(name.dropFirst(prefix.count)),
                    prefix: prefix,
                    known: known.map { String($0.dropFirst(prefix.count)) },
                    else: name == prefix + "PORT"
                        ? "Set TABLECAST_LISTEN to an address with the port, such as 127.0.0.1:8080."
                        : "Remove it; tablecast serve --help lists all variables."
                )
            }
        }
    }

    /// Kubernetes gives each container the addresses of Services in variables that begin with the Service's name. A Service
    /// `tablecast` makes TABLECAST_PORT and TABLECAST_SERVICE_HOST. A Service `tablecast-orders` makes TABLECAST_ORDERS_PORT, which
    /// holds a URL.
    private static func isMadeByKubernetes(_ name: String, _ value: String) -> Bool {
        let words = name.split(separator: "_").dropFirst()
        return words.last == "PORT" && value.contains("://")
            || zip(words, words.dropFirst()).contains { first, second in
                first == "SERVICE" && (second == "HOST" || second == "PORT")
                    || first == "PORT"
                        && second.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            }
    }
}
