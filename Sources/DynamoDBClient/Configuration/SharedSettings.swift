/// Settings that a variable or a property of the profile makes, in the SDKs' order: the variable wins.
struct SharedSettings: Sendable {
    /// The process's variables; those set to nothing are left out.
    let environment: [String: String]
    /// The profile in use.
    let profile: String
    let profiles: SharedProfiles

    /// The profile's properties; none where it is not there.
    var properties: [String: String] { profiles[profile] ?? [:] }

    /// A value, and the place it was found at, for errors.
    struct Found: Sendable, Hashable {
        let value: String
        let source: String
    }

    /// A variable's value.
    func variable(_ name: String) -> Found? {
        environment[name].map { Found(value: $0, source: name) }
    }

    /// The value of a property of the profile that is not empty.
    func property(_ name: String) -> Found? {
        guard let value = properties[name], !value.isEmpty else { return nil }
        return Found(value: value, source: "\(name) of profile \(profile)")
    }

    /// The place that turns a switch on; nil where it is off. Throws for a value that is neither `true` nor `false`: one that is
    /// misspelled must not leave FIPS off in silence.
    func switchedOn(_ variableName: String, _ propertyName: String) throws(DynamoDBError) -> String? {
        guard let found = variable(variableName) ?? property(propertyName) else { return nil }
        switch found.value.lowercased() {
        case "true": return found.source
        case "false": return nil
        default:
            throw .configuration(
                subject: found.source,
                code: "InvalidSwitch",
                message: "\"\(found.value.prefix(80))\" is neither true nor false",
                hint: "Set it to true or to false, or remove it."
            )
        }
    }
}
