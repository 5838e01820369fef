import TableModel

/// The members of one JSON object, as they were written.
package struct JSONMembers: Sendable, Hashable {
    /// One member: its name, and the bytes of its value.
    package struct Member: Sendable, Hashable {
        package let name: String
        package let value: [UInt8]
    }

    /// The members in the order of the text.
    package let all: [Member]

    /// Nil when `bytes` are not one JSON object.
    package init?(_ bytes: [UInt8]) {
        guard let members = try? JSONReader.read(bytes, Self.read) else { return nil }
        all = members
    }

    private static func read(_ json: inout JSONReader) throws(JSONError) -> [Member] {
        var members: [Member] = []
        try json.beginObject()
        while let name = try json.nextMember() {
            members.append(Member(name: name.text, value: try json.readRaw()))
        }
        return members
    }

    /// The JSON text of a member; nil when there is none of that name.
    package subscript(name: String) -> String? {
        all.first { $0.name == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// A member that is a string, decoded; nil for anything else.
    package func string(_ name: String) -> String? {
        guard let member = all.first(where: { $0.name == name }) else { return nil }
        return try? JSONReader.read(member.value) { json throws(JSONError) in try json.readString() }
    }

    /// The object inside a member; nil for anything else.
    package func object(_ name: String) -> JSONMembers? {
        all.first { $0.name == name }.flatMap { JSONMembers($0.value) }
    }
}
