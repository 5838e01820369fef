import Basics
import TableModel

/// The file that `--config` names: one object of JSON, whose members have the names of options.
///
///     {"table": "orders", "poll-interval": "100ms", "max-subscribers": 5000, "access-log": true, "cors-origin": ["https://a.example"]}
///
/// Everything is checked: a misspelled option would be ignored in silence, and of two values one would.
struct SettingsFile {
    /// A larger file is not read.
    private static let maximumBytes = 65_536

    struct Entry: Sendable, Hashable {
        /// As behind a flag: numbers in digits, `true` and `false` in letters, arrays joined with commas.
        var text: String
        /// Counted from 1.
        var line: Int
    }

    let path: String
    /// By the names of options.
    private(set) var entries: [String: Entry] = [:]

    /// Reads the file, which may block for as long as its volume does.
    init(path: String, settings: [Setting]) throws(SettingsError) {
        try self.init(path: path, bytes: try Self.read(path), settings: settings)
    }

    /// Reads the contents of a file.
    init(path: String, bytes: [UInt8], settings: [Setting]) throws(SettingsError) {
        self.path = path
        var members: [Member] = []
        do throws(JSONError) {
            members = try JSONReader.read(bytes, maximumDepth: 2) { json throws(JSONError) in
                var members: [Member] = []
                try json.beginObject()
                while let name = try json.nextMember()?.text {
                    let offset = json.offset
                    members.append(Member(name: name, text: try Self.text(&json), offset: offset))
                }
                return members
            }
        } catch {
            let line = Self.line(of: error.offset, in: bytes)
            throw SettingsError(
                "\(path):\(line): \(error.reason). Give one object of JSON such as {\"poll-interval\": \"100ms\"}.",
                .configuration
            )
        }
        for member in members {
            let line = Self.line(of: member.offset, in: bytes)
            guard settings.contains(where: { $0.name == member.name }) else {
                throw SettingsError(
                    unknown: member.name,
                    "\(path):\(line): ",
                    known: settings.map(\.name),
                    else: "Remove it; tablecast serve --help names all options."
                )
            }
            guard entries.updateValue(Entry(text: member.text, line: line), forKey: member.name) == nil else {
                throw SettingsError("\(path):\(line): \(member.name) occurs twice. Remove one of them.", .configuration)
            }
        }
    }

    private struct Member {
        var name: String
        var text: String
        var offset: Int
    }

    private static func text(_ json: inout JSONReader) throws(JSONError) -> String {
        switch try json.peek() ?? 0 {
        case UInt8(ascii: "\""): return try json.readString()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return try json.readBool() ? "true" : "false"
        case UInt8(ascii: "["):
            var parts: [String] = []
            try json.beginArray()
            while try json.nextElement() { parts.append(try json.readString()) }
            return parts.joined(separator: ",")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return "\(try json.readInteger())"
        default:
            throw JSONError(
                "expected a string, a whole number, true, false or an array of strings",
                offset: json.offset
            )
        }
    }

    private static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        1 + bytes.prefix(offset).count { $0 == UInt8(ascii: "\n") }
    }

    private static func read(_ path: String) throws(SettingsError) -> [UInt8] {
        do throws(BoundedFile.Failure) { return try BoundedFile.read(path, limit: maximumBytes) } catch {
            let option = ProcessOptions.configurationFile
            throw SettingsError(
                "the file of options '\(path)' cannot be read: \(error.reason). "
                    + "Name another one with \(option.flag) or \(option.variable).",
                .configuration
            )
        }
    }
}
