import Basics
import TableModel
import Testing

@testable import DynamoDBClient

/// The shared files are read as botocore reads them: `Tests/Parity/shared_files.json` has its readings, and a test there holds them
/// against botocore.
@Suite struct SharedProfilesParityTests {
    @Test("reads each case as botocore does, or as the case says why not")
    func cases() throws {
        let cases = try Self.load()
        #expect(cases.count >= 50)
        for example in cases { #expect(example.reading == example.expected, "\(example.name)") }
    }

    /// A value of JSON that the cases have.
    indirect enum Value: Hashable {
        case text(String)
        case flag(Bool)
        case list([Value])
        case object([String: Value])

        subscript(name: String) -> Value? {
            guard case .object(let members) = self else { return nil }
            return members[name]
        }

        var text: String? {
            guard case .text(let text) = self else { return nil }
            return text
        }
    }

    struct Case {
        let name: String
        let config: String?
        let credentials: String?
        let expected: Value?

        init(_ value: Value) {
            name = value["name"]?.text ?? "?"
            config = value["config"]?.text
            credentials = value["credentials"]?.text
            expected = value["tablecast"] ?? value["botocore"]
        }

        /// Our reading in the form of the cases.
        var reading: Value {
            let directory = TemporaryDirectory()
            var environment = ["AWS_CONFIG_FILE": "\(directory.path)/config"]
            environment["AWS_SHARED_CREDENTIALS_FILE"] = "\(directory.path)/credentials"
            if let config { directory.write("config", config) }
            if let credentials { directory.write("credentials", credentials) }
            do {
                let read = try SharedFiles(environment: environment, byteLimit: 1 << 20).load()
                return .object([
                    "profiles": .object(read.profiles.mapValues(Self.members)),
                    "sessions": .object(read.sessions.mapValues { .object($0.mapValues(Value.text)) }),
                    "services": .object(read.serviceSections.mapValues(Self.members)),
                ])
            } catch {
                return .object([
                    "error": .text("\(error.subject.dropFirst(directory.path.count + 1)): \(error.message)")
                ])
            }
        }

        private static func members(_ section: INIDocument.Section) -> Value {
            let nested = section.nested.mapValues { Value.object($0.mapValues(Value.text)) }
            return .object(section.values.mapValues(Value.text).merging(nested) { _, new in new })
        }
    }

    private static func load() throws -> [Case] {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let bytes = try BoundedFile.read("\(folder)/Parity/shared_files.json", limit: 1 << 20)
        let value = try bytes.withUnsafeBytes { bytes in
            var json = JSONReader(bytes)
            return try read(&json)
        }
        guard case .list(let cases) = value else { return [] }
        return cases.map(Case.init)
    }

    private static func read(_ json: inout JSONReader) throws(JSONError) -> Value {
        switch try json.peek() {
        case UInt8(ascii: "{"):
            var members: [String: Value] = [:]
            try json.beginObject()
            while let name = try json.nextMember() {
                let text = name.text
                members[text] = try read(&json)
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [Value] = []
            try json.beginArray()
            while try json.nextElement() { elements.append(try read(&json)) }
            return .list(elements)
        case UInt8(ascii: "\""): return .text(try json.readString())
        default: return .flag(try json.readBool())
        }
    }
}
