import Basics

/// The value of `Authorization` for a container endpoint: from a file that the platform renews, or from a variable.
final class ContainerToken: Sendable {
    static let fileVariable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
    static let variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN"

    private let path: String?
    private let fixed: String?
    private let byteLimit: Int
    private let queue = FileQueue()

    /// Takes the two variables. The file wins.
    init(environment: [String: String], byteLimit: Int) {
        path = environment[Self.fileVariable].flatMap { $0.isEmpty ? nil : $0 }
        fixed = environment[Self.variable].flatMap { $0.isEmpty ? nil : $0 }
        self.byteLimit = byteLimit
    }

    /// The token as it is now; nil where the endpoint wants none. Reads the file each time.
    func read() async throws(DynamoDBError) -> String? {
        guard let path else {
            return try fixed.map { text throws(DynamoDBError) in try Self.checked(text, subject: Self.variable) }
        }
        let limit = byteLimit
        let bytes = try await queue.run { () throws(DynamoDBError) in
            do throws(BoundedFile.Failure) { return try BoundedFile.read(path, limit: limit) } catch {
                throw Self.unreadable(path, error.reason)
            }
        }
        var text = String(decoding: bytes, as: UTF8.self)
        // Editors end a file with a line end, which is not part of the token.
        while text.last?.isNewline == true { text.removeLast() }
        guard !text.isEmpty else { throw Self.unreadable(path, "the file is empty") }
        return try Self.checked(text, subject: "\(Self.fileVariable) \(path)")
    }

    /// Transient: the kubelet replaces the file while the pod runs, and may be late with it at the start.
    private static func unreadable(_ path: String, _ reason: String) -> DynamoDBError {
        .configuration(
            subject: "\(fileVariable) \(path)",
            code: "UnreadableTokenFile",
            message: reason,
            hint: "Check the file, its permissions and the volume that holds it; it is read again at each attempt.",
            kind: .transient
        )
    }

    /// A header value is one line of printable characters.
    private static func checked(_ text: String, subject: String) throws(DynamoDBError) -> String {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw .configuration(
                subject: subject,
                code: "InvalidToken",
                message: "the token has a line end or another character that no header value has",
                hint: "Write the token as one line.",
                kind: .accessDenied
            )
        }
        return text
    }
}
