import Basics
import DynamoDBClient

/// The policy of IAM that a replica of one table needs: nothing more (IAM User Guide, "IAM JSON policy reference").
package struct TableAccessPolicy: Sendable, Hashable {
    private let table: TableARN
    private let encryptionKey: String?

    /// The policy for a table. `encryptionKey` is the ARN of the KMS key that encrypts it, where the account manages that key. Nil for a text
    /// that is not the ARN of a table or of a stream of one.
    package init?(table: String, encryptionKey: String? = nil) {
        // A pattern would allow more than one table.
        guard let table = TableARN(table), !Self.hasPattern("\(table)") else { return nil }
        self.table = table
        self.encryptionKey = encryptionKey
    }

    /// Whether `text` is the ARN of one KMS key in the Region of `table`.
    package static func isKey(_ text: String, of table: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        return parts.count == 6 && parts[0] == "arn" && parts[2] == "kms" && parts[5].hasPrefix("key/")
            && !hasPattern(text) && TableARN(table).map { $0.region == parts[3] } != false
    }

    /// Whether a policy would take a text for a pattern (IAM User Guide, "IAM JSON policy elements: Resource").
    private static func hasPattern(_ text: String) -> Bool { text.utf8.contains { "*?$".utf8.contains($0) } }

    /// The policy as JSON, on several lines.
    package var json: String {
        var statements = [
            statement(TableCall.allCases.filter { !$0.isOfStream }.map(\.action), table.tableText),
            statement(TableCall.allCases.filter(\.isOfStream).map(\.action), "\(table.tableText)/stream/*"),
        ]
        if let encryptionKey {
            // DynamoDB decrypts in the caller's name; the condition keeps the caller from using the key otherwise.
            statements.append(statement(["kms:Decrypt"], encryptionKey, through: table.serviceName))
        }
        return """
            {
              "Version": "2012-10-17",
              "Statement": [
            \(statements.joined(separator: ",\n"))
              ]
            }

            """
    }

    private func statement(_ actions: [String], _ resource: String, through service: String? = nil) -> String {
        let names = actions.map(Self.quoted).joined(separator: ", ")
        let condition = service.map {
            ",\n      \"Condition\": {\"StringEquals\": {\"kms:ViaService\": \(Self.quoted($0))}}"
        }
        return """
                {
                  "Effect": "Allow",
                  "Action": [\(names)],
                  "Resource": \(Self.quoted(resource))\(condition ?? "")
                }
            """
    }

    private static func quoted(_ text: String) -> String {
        var json = JSONWriter()
        json.string(text)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
