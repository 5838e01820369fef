import Basics
import Following

/// Another Tablecast in the place of the table's stream.
enum FollowOptions: SettingGroup {
    static let title = "Following another replica"
    static let settings = [
        Setting(
            "follow",
            \.following.upstreams,
            addresses,
            default: "the table's stream is read",
            example: "http://leader:8080,http://other:8080",
            "Addresses of other Tablecasts to copy, separated by commas or given repeatedly; AWS is not called then. One is followed at a "
                + "time, and the next one where it fails. `--table` is not needed; where it is given, others are refused.",
            seeAlso: "See [Followers](scaling.md#followers)."
        ),
        Setting(
            "follow-token-file",
            \.following.tokenFile,
            SettingKind.path("file", .file).optional,
            example: "/run/secrets/upstream-token",
            "File whose first line is the bearer token for the upstreams. It is read at each connection.",
            scope: .follower
        ),
        Setting(
            "follow-ca-file",
            \.following.certificates,
            SettingKind.path("file", .file).optional,
            example: "/etc/ssl/upstream.pem",
            "File of PEM certificates to trust for https upstreams instead of the system's.",
            scope: .follower
        ),
        Setting(
            "follow-partial",
            \.following.isPartial,
            .toggle,
            example: "true",
            "Follow the part of the table that the token may see, where that is not all. Such contents cannot be compared with the upstream's.",
            scope: .follower
        ),
        Setting(
            "follow-max-depth",
            \.following.maximumDepth,
            SettingKind.integer(1...16),
            example: "1",
            "Replicas that may stand between this one and the stream. An upstream that is further away is refused, and so is a loop.",
            scope: .follower
        ),
    ]

    private static let addresses = SettingKind<[String]>(
        form: SettingForm(
            placeholder: "urls",
            allowed:
                "give addresses such as http://leader:8080 with commas between them, 16 at most, each once, without a user, a query or "
                + "a fragment",
            syntax: .list,
            isURL: true
        ),
        read: read,
        text: { $0.isEmpty ? nil : $0.joined(separator: ",") }
    )

    private static let limit = 16

    private static func read(_ text: String) -> [String]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " })
        }
        guard (1...limit).contains(parts.count), parts.allSatisfy(isAddress), Set(parts).count == parts.count else {
            return nil
        }
        return parts
    }

    private static func isAddress(_ text: String) -> Bool {
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
            let rest = text.utf8.dropFirst(scheme.utf8.count)
            return !rest.isEmpty && rest.first != UInt8(ascii: "/")
                && rest.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"@?#".utf8.contains($0) }
        }
        return false
    }
}
