import DynamoSandbox
import Testing

@Suite struct PlaceholdersTests {
    @Test(
        "refuses maps that are empty, unused, ill-named or without an expression",
        arguments: [
            (
                ##""ConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"N":"1"},":m":{"N":"1"}}"##,
                "Value provided in ExpressionAttributeValues unused in expressions: keys: {:m}"
            ),
            (
                ##""ConditionExpression":"attribute_exists(n)","ExpressionAttributeNames":{"#x":"x","#y":"y"}"##,
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x, #y}"
            ),
            (
                ##""ConditionExpression":"n = :n","ExpressionAttributeValues":{"n":{"N":"1"}}"##,
                "ExpressionAttributeValues contains invalid key: Syntax error; key: \"n\""
            ),
            (
                ##""ConditionExpression":"n = :n","ExpressionAttributeNames":{"x":"x"}"##,
                "ExpressionAttributeNames contains invalid key: Syntax error; key: \"x\""
            ),
            (
                ##""ConditionExpression":"n = :n","ExpressionAttributeValues":{}"##,
                "ExpressionAttributeValues must not be empty"
            ),
            (
                ##""ExpressionAttributeValues":{":n":{"N":"1"}}"##,
                "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"
            ),
            (
                ##""ConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"SS":[]}}"##,
                "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: "
                    + "An string set  may not be empty for key :n"
            ),
        ]
    )
    func refuses(members: String, message: String) throws {
        let fixture = try Fixture.withTables()
        let json = #"{"TableName":"plain","Item":{"id":{"S":"a"}},\#(members)}"#
        #expect(fixture.refusal(.putItem, json) == message)
    }
}
