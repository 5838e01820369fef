import Basics

/// A profile's settings for IAM Identity Center, resolved as botocore does it (AWS SDKs and Tools Reference Guide, "IAM Identity Center
/// credential provider").
struct SSOSettings: Sendable, Hashable {
    /// The `sso-session` section that the profile names; nil for a profile in the older form, which has all settings itself.
    let session: String?
    let startURL: String
    let region: String
    let accountID: String
    let roleName: String

    /// Why a profile's settings cannot be used. The reason has no value of the file in it but the session's name.
    struct Defect: Error, Hashable {
        let reason: String
    }

    /// Resolves a profile's properties with the `sso-session` sections. A property that is empty counts as missing.
    init(_ properties: [String: String], sessions: [String: [String: String]]) throws(Defect) {
        var properties = properties.filter { !$0.value.isEmpty }
        session = properties["sso_session"]
        if let session {
            let name = Excerpt.of(session)
            guard let section = sessions[session] else {
                throw Defect(reason: "the config file has no section [sso-session \(name)]")
            }
            for (property, value) in section.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
                guard properties[property] == nil || properties[property] == value else {
                    throw Defect(
                        reason: "\(property) has one value in the profile and another in [sso-session \(name)]"
                    )
                }
                properties[property] = value
            }
        }
        let missing = ["sso_role_name", "sso_account_id", "sso_start_url", "sso_region"].filter {
            properties[$0] == nil
        }
        guard missing.isEmpty, let roleName = properties["sso_role_name"], let accountID = properties["sso_account_id"],
            let startURL = properties["sso_start_url"], let region = properties["sso_region"]
        else { throw Defect(reason: "it has no \(missing.joined(separator: ", no "))") }
        // It becomes part of a host name.
        guard RegionSearch.isRegion(region) else {
            throw Defect(reason: "sso_region is not the name of a Region")
        }
        self.startURL = startURL
        self.region = region
        self.accountID = accountID
        self.roleName = roleName
    }
}
