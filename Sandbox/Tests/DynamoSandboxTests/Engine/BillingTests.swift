import DynamoSandbox
import Testing

@Suite struct BillingTests {
    private static func create(_ more: String) -> String {
        #"{"TableName":"new","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"#
            + #""AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]\#(more)}"#
    }

    private static func units(_ read: Int, _ write: Int) -> String {
        #""ProvisionedThroughput":{"ReadCapacityUnits":\#(read),"WriteCapacityUnits":\#(write)}"#
    }

    private static let mustSay =
        "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must "
        + "both be specified when BillingMode is PROVISIONED"
    private static let mustNotSay =
        "One or more parameter values were invalid: Neither ReadCapacityUnits nor "
        + "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"

    private func described(_ fixture: Fixture) throws -> String {
        try fixture.call(.describeTable, #"{"TableName":"new"}"#)
    }

    @Test("a table has the capacity that it was created with, and no summary of another mode")
    func provisioned() throws {
        let fixture = Fixture()
        let answer = try fixture.call(.createTable, Self.create(",\(Self.units(5, 7))"))
        #expect(answer.contains(#""NumberOfDecreasesToday":0,"ReadCapacityUnits":5,"WriteCapacityUnits":7"#))
        #expect(!answer.contains("BillingModeSummary"))
    }

    @Test(
        "a mode and a capacity that do not fit are refused",
        arguments: [
            ("", mustSay), (#","BillingMode":"PROVISIONED""#, mustSay),
            (#","BillingMode":"PAY_PER_REQUEST",\#(units(5, 5))"#, mustNotSay),
            (",\(units(1_000_000_000_001, 5))", "Given value 1000000000001 for ReadCapacityUnits is out of bounds"),
        ]
    )
    func mismatches(more: String, message: String) {
        #expect(Fixture().refusal(.createTable, Self.create(more)) == message)
    }

    @Test("an update changes the capacity, and refuses to change nothing")
    func changes() throws {
        let fixture = Fixture()
        try fixture.call(.createTable, Self.create(",\(Self.units(5, 5))"))
        let answer = try fixture.call(.updateTable, #"{"TableName":"new",\#(Self.units(10, 3))}"#)
        #expect(answer.contains(#""TableStatus":"UPDATING""#))
        let description = try described(fixture)
        #expect(description.contains(#""ReadCapacityUnits":10,"WriteCapacityUnits":3"#))
        #expect(description.contains(#""LastIncreaseDateTime":1700000000.123,"LastDecreaseDateTime":1700000000.123"#))
        #expect(
            fixture.refusal(.updateTable, #"{"TableName":"new","BillingMode":"PROVISIONED",\#(Self.units(10, 3))}"#)
                == "The provisioned throughput for the table will not change. The requested value equals the current value. "
                + "Current ReadCapacityUnits provisioned for the table: 10. Requested ReadCapacityUnits: 10. Current "
                + "WriteCapacityUnits provisioned for the table: 3. Requested WriteCapacityUnits: 3. Refer to the Amazon "
                + "DynamoDB Developer Guide for current limits and how to request higher limits."
        )
        #expect(
            fixture.refusal(.updateTable, #"{"TableName":"new",\#(Self.units(0, 5))}"#)
                == "1 validation error detected: Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy "
                + "constraint: Member must have value greater than or equal to 1"
        )
    }

    @Test("a table goes from one mode to the other and back")
    func modes() throws {
        let fixture = Fixture()
        try fixture.call(.createTable, Self.create(",\(Self.units(5, 5))"))
        let perRequest = #"{"TableName":"new","BillingMode":"PAY_PER_REQUEST"}"#
        try fixture.call(.updateTable, perRequest)
        #expect(try described(fixture).contains(#""ReadCapacityUnits":0,"WriteCapacityUnits":0"#))
        #expect(
            try described(fixture)
                .contains(
                    #""BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1700000000.123}"#
                )
        )
        // The same mode again is no error.
        try fixture.call(.updateTable, perRequest)
        #expect(fixture.refusal(.updateTable, #"{"TableName":"new",\#(Self.units(5, 5))}"#) == Self.mustNotSay)
        #expect(fixture.refusal(.updateTable, #"{"TableName":"new","BillingMode":"PROVISIONED"}"#) == Self.mustSay)
        try fixture.call(.updateTable, #"{"TableName":"new","BillingMode":"PROVISIONED",\#(Self.units(7, 8))}"#)
        #expect(try described(fixture).contains(#""ReadCapacityUnits":7,"WriteCapacityUnits":8"#))
        #expect(try described(fixture).contains(#""BillingModeSummary":{"BillingMode":"PROVISIONED""#))
    }

    @Test("an update is held with the other transitions, and another one must wait")
    func held() throws {
        let fixture = Fixture { $0.holdsTransitions = true }
        try fixture.call(.createTable, Self.create(",\(Self.units(5, 5))"))
        fixture.sandbox.completeTransitions()
        try fixture.call(.updateTable, #"{"TableName":"new",\#(Self.units(6, 6))}"#)
        #expect(try described(fixture).contains(#""TableStatus":"UPDATING""#))
        #expect(
            fixture.error(.updateTable, #"{"TableName":"new",\#(Self.units(7, 7))}"#)?.code == "ResourceInUseException"
        )
        fixture.sandbox.completeTransitions()
        #expect(try described(fixture).contains(#""TableStatus":"ACTIVE""#))
    }

    @Test("a protected table is not deleted; its class and its bounds are shown")
    func settings() throws {
        let fixture = Fixture()
        try fixture.call(
            .createTable,
            Self.create(#","BillingMode":"PAY_PER_REQUEST","DeletionProtectionEnabled":true,"TableClass":"STANDARD""#)
        )
        #expect(
            fixture.error(.deleteTable, #"{"TableName":"new"}"#)
                == SandboxError(
                    "ValidationException",
                    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
                        + "first."
                )
        )
        try fixture.call(
            .updateTable,
            #"{"TableName":"new","DeletionProtectionEnabled":false,"TableClass":"STANDARD_INFREQUENT_ACCESS","#
                + #""OnDemandThroughput":{"MaxReadRequestUnits":20}}"#
        )
        let description = try described(fixture)
        #expect(description.contains(#""TableClassSummary":{"TableClass":"STANDARD_INFREQUENT_ACCESS"}"#))
        #expect(description.contains(#""DeletionProtectionEnabled":false"#))
        #expect(description.contains(#""OnDemandThroughput":{"MaxReadRequestUnits":20,"MaxWriteRequestUnits":-1}"#))
        try fixture.call(.deleteTable, #"{"TableName":"new"}"#)
    }

    @Test("an update that fails in one part changes nothing, and one that the sandbox cannot make is refused")
    func wholes() throws {
        let fixture = Fixture()
        try fixture.call(.createTable, Self.create(",\(Self.units(5, 5))"))
        #expect(
            fixture.refusal(
                .updateTable,
                #"{"TableName":"new",\#(Self.units(9, 9)),"StreamSpecification":{"StreamEnabled":false}}"#
            ) == "Table does not have a stream to disable: TableName: new"
        )
        #expect(try described(fixture).contains(#""ReadCapacityUnits":5"#))
        #expect(
            fixture.refusal(.updateTable, #"{"TableName":"new","GlobalSecondaryIndexUpdates":[]}"#)
                == "GlobalSecondaryIndexUpdates is not part of the sandbox"
        )
        #expect(fixture.refusal(.updateTable, #"{"TableName":"new"}"#)?.hasPrefix("At least one of ") == true)
    }

    @Test(
        "INDEXES shows the table's own part of the cost, TOTAL does not",
        arguments: [
            (SandboxOperation.putItem, #""Item":{"id":{"S":"a"}}"#, "1.0"),
            (.getItem, #""Key":{"id":{"S":"a"}}"#, "0.5"),
            (.updateItem, #""Key":{"id":{"S":"a"}}"#, "1.0"), (.deleteItem, #""Key":{"id":{"S":"a"}}"#, "1.0"),
            (
                .query, #""KeyConditionExpression":"id = :a","ExpressionAttributeValues":{":a":{"S":"a"}}"#, "0.5"
            ), (.scan, #""X":1"#, "0.5"),
            (.batchGetItem, #""RequestItems":{"plain":{"Keys":[{"id":{"S":"a"}}]}}"#, "0.5"),
            (.batchWriteItem, #""RequestItems":{"plain":[{"DeleteRequest":{"Key":{"id":{"S":"a"}}}}]}"#, "1.0"),
        ]
    )
    func consumed(operation: SandboxOperation, members: String, units: String) throws {
        let fixture = try Fixture.withTables()
        let request = #"{"TableName":"plain",\#(members),"ReturnConsumedCapacity":"#
        let total = #""TableName":"plain","CapacityUnits":\#(units)"#
        #expect(try fixture.call(operation, request + #""TOTAL"}"#).contains("{\(total)}"))
        #expect(
            try fixture.call(operation, request + #""INDEXES"}"#)
                .contains(#"{\#(total),"Table":{"CapacityUnits":\#(units)}}"#)
        )
        #expect(try !fixture.call(operation, request + #""NONE"}"#).contains("ConsumedCapacity"))
    }
}
