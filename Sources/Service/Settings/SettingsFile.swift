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
        /// As behind a flag.
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
        // Some editors put a byte order mark in front.
        let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let bytes = isMarked ? Array(bytes.dropFirst(3)) : bytes
        var members: [Member] = []
        do throws(JSONError) {
            members = try JSONReader.read(bytes) { json throws(JSONError) in
                var members: [Member] = []
                try json.beginObject()
                while let name = try json.nextMember()?.text {
                    let offset = json.offset
                    members.append(Member(name: name, value: try SettingsFileValue(&json), offset: offset))
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
        // A value that a flag or a variable hides is checked too: without them it would end a later start.
        var unused = Settings(table: "")
        for member in members {
            let line = Self.line(of: member.offset, in: bytes)
            let setting = try check(member, at: "\(path):\(line): ", settings)
            let given = GivenValue(text: member.value.text, origin: .file(path: path, line: line))
            guard setting.set(given.text, in: &unused) else { throw given.failure(setting) }
            entries[member.name] = Entry(text: given.text, line: line)
        }
    }

    private struct Member {
        var name: String
        var value: SettingsFileValue
        var offset: Int
    }

    /// The option of a member, whose name and type are right.
    private func check(_ member: Member, at place: String, _ settings: [Setting]) throws(SettingsError) -> Setting {
        guard let setting = settings.first(where: { $0.name == member.name }) else {
            throw SettingsError(
                unknown: member.name,
                at: place,
                known: settings.map(\.name),
                else: "Remove it; tablecast serve --help names all options."
            )
        }
        func failure(_ words: String) -> SettingsError { SettingsError(place + setting.name + words, .configuration) }
        guard setting.name != ProcessOptions.configurationFile.name else {
            throw failure(" cannot be set in a file. Use \(setting.flag) or \(setting.variable).")
        }
        guard entries[setting.name] == nil else { throw failure(" occurs twice. Remove one of them.") }
        let types = setting.form.fileTypes
        guard let type = member.value.type, types.contains(type) else {
            let expected = types.map(\.rawValue).joined(separator: " or ")
            throw failure(": expected \(expected); \(setting.form.allowed)")
        }
        return setting
    }

    private static func line(of offset: Int, in bytes: [UInt8]) -> Int {
        1 + bytes.prefix(offset).count { $0 == UInt8(ascii: "\n") }
    }

    private static func read(_ path: String) throws(SettingsError) -> [UInt8] {
        do throws(BoundedFile.Failure) {
            return try BoundedFile.read(path, limit: maximumBytes, isRegular: true)
        } catch {
            let option = ProcessOptions.configurationFile
            throw SettingsError(
                "the file of options '\(path)' cannot be read: \(error.reason). "
                    + "Name another one with \(option.flag) or \(option.variable).",
                .configuration
            )
        }
    }
}
