import Basics
import Testing

/// The files that `Tests/Parity/endpoints.py` writes from botocore, and that `Tests/Parity/test_endpoints.py` holds against it.
enum BotocoreEndpoints {
    /// The blocks of a file, each as its lines.
    static func blocks(_ name: String) throws -> [[Substring]] {
        let tests = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let bytes = try BoundedFile.read("\(tests)/Parity/Endpoints/\(name)", limit: 1 << 20)
        var blocks: [[Substring]] = [[]]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
        }
        return blocks.filter { !$0.isEmpty }
    }
}
