import ArgumentParser
import Service
import TableCheck

/// `tablecast iam-policy --table ARN`: prints the policy that a replica needs.
struct IAMPolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iam-policy",
        abstract: "Print the IAM policy that a replica of a table needs, and no more.",
        discussion: """
            The policy allows reading the table and its streams. It calls nothing.

              tablecast iam-policy --table arn:aws:dynamodb:eu-central-1:123456789012:table/orders > policy.json
              aws iam put-role-policy --role-name tablecast --policy-name orders --policy-document file://policy.json
            """
    )

    @Option(help: "ARN of the table.")
    var table: String
    @Option(help: "ARN of the KMS key that encrypts the table, if it is a key of your account.")
    var kmsKey: String?

    func run() throws {
        guard let policy = TableAccessPolicy(table: table, encryptionKey: kmsKey) else {
            throw StartUpError(
                .usage,
                "--table '\(table)' is not the ARN of one table: give arn:aws:dynamodb:REGION:ACCOUNT:table/NAME, as "
                    + "aws dynamodb describe-table shows it"
            )
        }
        if let kmsKey, !TableAccessPolicy.isKey(kmsKey, of: table) {
            throw StartUpError(
                .usage,
                "--kms-key '\(kmsKey)' is not the ARN of a key in the table's Region: give arn:aws:kms:REGION:ACCOUNT:key/ID, as "
                    + "aws dynamodb describe-table shows it (KMSMasterKeyArn)"
            )
        }
        try LineOutput.print(policy.json)
    }
}
