/// One value of a DynamoDB attribute, as the AWS API type `AttributeValue` defines it.
///
/// Numbers keep the digits the table sent (up to 38 significant digits), so nothing is rounded.
public enum AttributeValue: Sendable, Hashable {
    case string(String)
    case number(String)
    case binary([UInt8])
    case bool(Bool)
    case null
    case list([AttributeValue])
    case map([String: AttributeValue])
    case stringSet([String])
    case numberSet([String])
    case binarySet([[UInt8]])
}
