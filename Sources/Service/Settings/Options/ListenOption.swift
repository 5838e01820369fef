import HTTPServer

/// The values of the options that say where to listen.
enum ListenOption {
    /// More addresses are not allowed.
    static let mostAddresses = 16

    /// One address or several.
    static let addresses = SettingKind<[ListenAddress]>(
        form: SettingForm(
            placeholder: "address",
            allowed: "give host:port, :port or unix:/path with a port from 0 to 65535, such as 127.0.0.1:8080; at most "
                + "\(mostAddresses) with commas between them",
            syntax: .list
        ),
        read: { text in
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            let addresses = parts.compactMap { ListenAddress(trimmed($0)) }
            return addresses.count == parts.count && parts.count <= mostAddresses ? addresses : nil
        },
        text: { $0.map(\.description).joined(separator: ",") }
    )

    /// The permissions of a file: three octal digits, with a zero in front or without.
    static let mode = SettingKind<UInt32>(
        form: SettingForm(placeholder: "mode", allowed: "give three octal digits, such as 0660"),
        read: { text in
            let digits = text.utf8.count == 4 && text.hasPrefix("0") ? text.dropFirst() : text[...]
            guard digits.utf8.count == 3,
                digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) })
            else { return nil }
            return UInt32(digits, radix: 8)
        },
        text: { mode in
            let digits = String(mode, radix: 8)
            return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
    )

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " }
        return String(start.prefix(start.count - start.reversed().prefix { $0 == " " }.count))
    }
}
