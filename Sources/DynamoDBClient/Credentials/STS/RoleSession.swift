/// A role to assume, and how its session is named (AWS SDKs and Tools Reference Guide, "Assume role credential provider").
struct RoleSession: Sendable, Hashable {
    /// The role's ARN.
    let arn: String
    /// The session's name in CloudTrail and in the ARN of the assumed role.
    let name: String
    /// The condition that a third party's role asks for.
    var externalID: String?
    /// Seconds; nil for STS's own default, one hour.
    var seconds: Int?

    /// Names a session. Without a name, one is used that stays the same while this process runs and tells replicas apart.
    init(arn: String, name: String? = nil, externalID: String? = nil, seconds: Int? = nil) {
        self.arn = arn
        self.name = name ?? Self.defaultName
        self.externalID = externalID
        self.seconds = seconds
    }

    /// A process number would be 1 in every container.
    private static let defaultName = "tablecast-\(UInt32.random(in: 0...UInt32.max))"
}
