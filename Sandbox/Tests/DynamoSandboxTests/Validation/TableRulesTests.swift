import DynamoSandbox
import Testing

@Suite struct TableRulesTests {
    private static let key = #"{"AttributeName":"id","KeyType":"HASH"}"#
    private static let attribute = #"{"AttributeName":"id","AttributeType":"S"}"#
    private static let rule = "failed to satisfy constraint: Member must"

    private static func create(
        keys: String? = "[\(key)]",
        attributes: String = "[\(attribute)]",
        more: String = #","BillingMode":"PAY_PER_REQUEST""#
    ) -> String {
        let schema = keys.map { #","KeySchema":\#($0)"# } ?? ""
        return #"{"TableName":"new"\#(schema),"AttributeDefinitions":\#(attributes)\#(more)}"#
    }

    @Test(
        "a key schema that cannot be one",
        arguments: [
            (nil, "1 validation error detected: Value null at 'keySchema' \(rule) not be null"),
            (
                "[]",
                "1 validation error detected: Value '[]' at 'keySchema' \(rule) have length greater than or equal to 1"
            ),
            (
                "[\(key),\(#"{"AttributeName":"b","KeyType":"RANGE"}"#),\(#"{"AttributeName":"c","KeyType":"RANGE"}"#)]",
                "1 validation error detected: Value '[KeySchemaElement(attributeName=id, keyType=HASH), "
                    + "KeySchemaElement(attributeName=b, keyType=RANGE), KeySchemaElement(attributeName=c, keyType=RANGE)]' "
                    + "at 'keySchema' \(rule) have length less than or equal to 2"
            ),
            (
                #"[{"AttributeName":"id","KeyType":"BAD"}]"#,
                "1 validation error detected: Value 'BAD' at 'keySchema.1.member.keyType' \(rule) satisfy enum value set: "
                    + "[HASH, RANGE]"
            ),
            (
                #"[{"KeyType":"HASH"}]"#,
                "1 validation error detected: Value null at 'keySchema.1.member.attributeName' \(rule) not be null"
            ),
            (
                "[\(key),\(#"{"AttributeName":"id","KeyType":"RANGE"}"#)]",
                "Invalid KeySchema: Some index key attribute have no definition"
            ),
            (
                #"[{"AttributeName":"id","KeyType":"RANGE"}]"#,
                "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
            ),
        ] as [(String?, String)]
    )
    func keySchema(keys: String?, message: String) {
        #expect(Fixture().refusal(.createTable, Self.create(keys: keys)) == message)
    }

    @Test(
        "attribute definitions that cannot be some",
        arguments: [
            (
                #"[{"AttributeName":"id","AttributeType":"BAD"}]"#,
                "1 validation error detected: Value 'BAD' at 'attributeDefinitions.1.member.attributeType' \(rule) satisfy "
                    + "enum value set: [B, N, S]"
            ),
            (
                #"[{"AttributeName":"id"}]"#,
                "1 validation error detected: Value null at 'attributeDefinitions.1.member.attributeType' \(rule) not be null"
            ),
            ("[\(attribute),\(attribute)]", "Duplicate AttributeName in AttributeDefinitions: id"),
        ]
    )
    func definitions(attributes: String, message: String) {
        #expect(Fixture().refusal(.createTable, Self.create(attributes: attributes)) == message)
    }

    @Test("every value outside its set is named in one message")
    func sets() {
        let more =
            #","BillingMode":"BAD","TableClass":"BAD","StreamSpecification":{"StreamEnabled":true,"#
            + #""StreamViewType":"BAD"},"ProvisionedThroughput":{"ReadCapacityUnits":0}"#
        #expect(
            Fixture().refusal(.createTable, Self.create(keys: #"[{"AttributeName":"id","KeyType":"BAD"}]"#, more: more))
                == "6 validation errors detected: Value 'BAD' at 'keySchema.1.member.keyType' \(Self.rule) satisfy enum "
                + "value set: [HASH, RANGE]; Value 'BAD' at 'billingMode' \(Self.rule) satisfy enum value set: "
                + "[PROVISIONED, PAY_PER_REQUEST]; Value 'BAD' at 'tableClass' \(Self.rule) satisfy enum value set: "
                + "[STANDARD, STANDARD_INFREQUENT_ACCESS]; Value '0' at 'provisionedThroughput.readCapacityUnits' "
                + "\(Self.rule) have value greater than or equal to 1; Value null at "
                + "'provisionedThroughput.writeCapacityUnits' \(Self.rule) not be null; Value 'BAD' at "
                + "'streamSpecification.streamViewType' \(Self.rule) satisfy enum value set: [NEW_IMAGE, OLD_IMAGE, "
                + "NEW_AND_OLD_IMAGES, KEYS_ONLY]"
        )
    }
}
