import Basics
import DynamoDBClient
import Replication

/// The table, and where AWS is.
enum TableOptions: SettingGroup {
    static let title = "Table"
    static let settings = [
        Setting(
            "table",
            \.replication.tableName,
            table,
            example: "orders",
            missing: "--table: no table was named; give --table NAME or set TABLECAST_TABLE",
            "The table to follow, by name or ARN. Another account's table needs the ARN."
        ),
        Setting(
            "endpoint-url",
            \.aws.endpointURL,
            url.optional,
            default: "AWS",
            example: "http://localhost:8000",
            "URL of DynamoDB and DynamoDB Streams. A setting of Streams alone, as in `AWS_ENDPOINT_URL_DYNAMODB_STREAMS`, wins there."
        ),
        Setting(
            "streams-endpoint-url",
            \.aws.streamsEndpointURL,
            url.optional,
            default: "`--endpoint-url`, then AWS",
            example: "http://localhost:8001",
            "URL of DynamoDB Streams alone."
        ),
        Setting(
            "region",
            \.aws.region,
            region.optional,
            default: "`AWS_REGION`, `AWS_DEFAULT_REGION`, the profile, then the EC2 instance",
            example: "eu-central-1",
            "AWS Region."
        ),
        Setting(
            "profile",
            \.aws.profile,
            SettingKind.text("name", allowed: "give the name of a profile") { !$0.isEmpty }.optional,
            default: "`AWS_PROFILE`, then `default`",
            example: "dev",
            "Profile of the shared AWS files."
        ),
    ]

    private static let table = SettingKind.text(
        "name",
        allowed:
            "give a table's name, of 1 to 1024 characters, or its ARN: arn:aws:dynamodb:REGION:ACCOUNT:table/NAME"
    ) { text in
        guard !text.utf8.isEmpty, text.utf8.count <= 1024 else { return false }
        guard text.hasPrefix("arn:") else { return true }
        return TableARN(text).map { $0.streamLabel == nil } ?? false
    }

    private static var url: SettingKind<String> {
        var kind = SettingKind.text("url", allowed: "give a URL such as http://localhost:8000") { text in
            for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
                let rest = text.utf8.dropFirst(scheme.utf8.count)
                return !rest.isEmpty && rest.first != UInt8(ascii: "/") && rest.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            }
            return false
        }
        kind.form.isURL = true
        return kind
    }

    private static let region = SettingKind.text("region", allowed: "give a region such as eu-central-1") { text in
        !text.isEmpty && text.utf8.count <= 64 && ByteSet.lowercase.union(ByteSet("-")).containsAll(of: text)
    }
}
