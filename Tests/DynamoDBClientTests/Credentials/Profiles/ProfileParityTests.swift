import Basics
import Synchronization
import TableModel
import TestTools
import Testing

@testable import DynamoDBClient

/// The cases of `Tests/Parity/profiles.json`, whose outcomes botocore gave (`Tests/Parity/test_profiles.py`).
@Suite struct ProfileParityTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name = ""
        var files: [String: String] = [:]
        var variables: [String: String] = [:]
        /// The calls of STS, then the access key, `nothing` or `error`.
        var outcome: [String] = []
        var testDescription: String { name }
    }

    @Test("the calls of STS and the keys are those of botocore", arguments: try cases())
    func parity(_ example: Case) async throws {
        let directory = TemporaryDirectory()
        let token = directory.write("token", "eyJ.web")
        for (name, text) in example.files {
            directory.write(name, text.replacing("TOKEN_FILE", with: token))
        }
        let count = Mutex(0)
        let server = ScriptedServer { request in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return roleKeys(
                request.text.contains("WebIdentity") ? "AssumeRoleWithWebIdentity" : "AssumeRole",
                number: number
            )
        }.start()
        defer { server.stop() }
        let context = makeContext(
            directory,
            url: server.url,
            environment: ["AWS_EC2_METADATA_DISABLED": "true"].merging(
                example.variables.mapValues { $0.replacing("TOKEN_FILE", with: token) }
            ) { _, new in new },
            profile: example.variables["AWS_PROFILE"] ?? "default"
        )
        let end: String
        do throws(DynamoDBError) {
            end = "keys \(try await context.sources().load().credentials.accessKeyID)"
        } catch {
            end = error.isCredentialsNotFound ? "nothing" : "error"
        }
        #expect(server.requests.map(Self.line) + [end] == example.outcome)
    }

    /// A call as the file has it: its parameters sorted, and a default name of the session as `default`.
    private static func line(_ request: ScriptedServer.Request) -> String {
        var parameters = request.text.split(separator: "&").map { parameter in
            Array(parameter.utf8).withUnsafeBufferPointer {
                String(decoding: PercentEncoding.decode($0), as: UTF8.self)
            }
        }
        let action = parameters.removeFirst().split(separator: "=").last ?? ""
        let signer = request.header("authorization")?.split(separator: "=")[1].prefix { $0 != "/" } ?? "nobody"
        let form = parameters.map { $0.replacing(/RoleSessionName=tablecast-[0-9]+/, with: "RoleSessionName=default") }
        return "\(action) by \(signer): \(form.sorted().joined(separator: "&"))"
    }

    private static func cases() throws -> [Case] {
        let tests = #filePath.split(separator: "/").dropLast(4).map { "/\($0)" }.joined()
        let bytes = try BoundedFile.read("\(tests)/Parity/profiles.json", limit: 1 << 20)
        return try JSONReader.read(bytes) { json throws(JSONError) in
            var cases: [Case] = []
            try json.beginArray()
            while try json.nextElement() { cases.append(try Case(&json)) }
            return cases
        }
    }
}

extension ProfileParityTests.Case {
    fileprivate init(_ json: inout JSONReader) throws(JSONError) {
        try json.beginObject()
        while let member = try json.nextMember() {
            switch member {
            case "name": name = try json.readString()
            case "config": files["config"] = try json.readString()
            case "credentials": files["credentials"] = try json.readString()
            case "variables":
                try json.beginObject()
                while let variable = try json.nextMember() { variables[variable.text] = try json.readString() }
            case "outcome":
                try json.beginArray()
                while try json.nextElement() { outcome.append(try json.readString()) }
            default: throw JSONError("an unknown member of a case", offset: 0)
            }
        }
    }
}
