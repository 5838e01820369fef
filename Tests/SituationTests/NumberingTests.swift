import Glibc
import Testing

/// Each of the situations and stories has a test over the sandbox that begins with its number.
@Suite struct NumberingTests {
    /// The files of this folder, and of the suites that run whole replicas over the sandbox elsewhere.
    private func sources() throws -> String {
        let folder = #filePath.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        let directory = try #require(opendir(folder))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        let others = ["SavedStateTests.swift", "StreamIdentitySandboxTests.swift"].map { "../ReplicationTests/\($0)" }
        return try (names.filter { $0.hasSuffix("Tests.swift") && $0 != "NumberingTests.swift" } + others)
            .map { try text("\(folder)/\($0)") }.joined()
    }

    private func text(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"), "\(path)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("none of the 25 situations and 15 stories is without a test", arguments: [("Situation", 25), ("Story", 15)])
    func complete(kind: String, count: Int) throws {
        let parts = try sources().split(separator: "\"\(kind) ", omittingEmptySubsequences: false).dropFirst()
        let found = Set(parts.compactMap { Int($0.prefix { $0.isNumber }) })
        #expect(Set(1...count).subtracting(found).sorted() == [])
        #expect(found.subtracting(Set(1...count)).sorted() == [])
    }
}
