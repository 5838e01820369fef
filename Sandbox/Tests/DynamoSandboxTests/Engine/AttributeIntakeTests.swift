import TableModel
import Testing

@testable import DynamoSandbox

@Suite struct AttributeIntakeTests {
    private func value(_ json: String) throws -> AttributeValue {
        try AttributeIntake.value(JSONValue.parse(Array(json.utf8)))
    }

    @Test("numbers get their canonical digits, sets their order")
    func normalises() throws {
        #expect(try value(#"{"N":"1.50E+2"}"#) == .number("150"))
        #expect(try value(#"{"NS":["10","9.0"]}"#) == .numberSet(["9", "10"]))
        #expect(try value(#"{"SS":["b","a"]}"#) == .stringSet(["a", "b"]))
        #expect(try value(#"{"L":[{"M":{"x":{"N":"01"}}}]}"#) == .list([.map(["x": .number("1")])]))
    }

    @Test(
        "refuses what is no attribute value",
        arguments: [
            ("{}", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
            (
                #"{"S":"a","N":"1"}"#,
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
            ),
            (
                #"{"NULL":false}"#,
                "One or more parameter values were invalid: Null attribute value types must have the value of true"
            ),
            (#"{"SS":[]}"#, "One or more parameter values were invalid: An string set  may not be empty"),
            (
                #"{"NS":["1","1.0"]}"#,
                "One or more parameter values were invalid: Input collection [1, 1] contains duplicates."
            ),
            (#"{"N":"one"}"#, "The parameter cannot be converted to a numeric value: one"),
            (#"{"N":""}"#, "The parameter cannot be converted to a numeric value: "),
            (
                #"{"N":"123456789012345678901234567890123456789"}"#,
                "Attempting to store more than 38 significant digits in a Number"
            ),
            (
                #"{"N":"1E+126"}"#,
                "Number overflow. Attempting to store a number with magnitude larger than supported range"
            ),
            (
                #"{"N":"1E-131"}"#,
                "Number underflow. Attempting to store a number with magnitude smaller than supported range"
            ),
        ]
    )
    func refuses(json: String, message: String) {
        #expect(throws: SandboxError("ValidationException", message)) { try value(json) }
    }

    @Test("refuses values nested deeper than DynamoDB stores")
    func depth() {
        let json = String(repeating: #"{"L":["#, count: 33) + #"{"N":"1"}"# + String(repeating: "]}", count: 33)
        #expect(throws: SandboxError("ValidationException", "Nesting Levels have exceeded supported limits")) {
            try value(json)
        }
    }
}
