import Testing

@testable import DynamoDBClient

@Suite struct SSOSettingsTests {
    private static let older = [
        "sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1", "sso_account_id": "111122223333",
        "sso_role_name": "Reader",
    ]
    private static let newer = ["sso_session": "corp", "sso_account_id": "111122223333", "sso_role_name": "Reader"]
    private static let sessions = [
        "corp": ["sso_start_url": "https://corp.awsapps.com/start", "sso_region": "eu-west-1"]
    ]

    private func reason(_ properties: [String: String], _ sessions: [String: [String: String]] = sessions) -> String? {
        #expect(throws: SSOSettings.Defect.self) { try SSOSettings(properties, sessions: sessions) }?.reason
    }

    @Test("a profile has all settings itself, or some of them in a session's section")
    func forms() throws {
        let older = try SSOSettings(Self.older, sessions: [:])
        #expect(older.session == nil)
        #expect(older.startURL == "https://corp.awsapps.com/start")
        #expect(older.region == "eu-west-1")
        #expect(older.accountID == "111122223333")
        #expect(older.roleName == "Reader")
        let newer = try SSOSettings(Self.newer, sessions: Self.sessions)
        #expect(newer.session == "corp")
        #expect((newer.startURL, newer.region) == (older.startURL, older.region))
        let both = try SSOSettings(Self.newer.merging(Self.older) { _, new in new }, sessions: Self.sessions)
        #expect(both == newer)
    }

    @Test("the cached token's file has the name that botocore gives it")
    func fileNames() throws {
        // As `printf corp | sha1sum` says, and for the URL.
        #expect(
            SSOToken.fileName(try SSOSettings(Self.newer, sessions: Self.sessions))
                == "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
        )
        #expect(
            SSOToken.fileName(try SSOSettings(Self.older, sessions: [:]))
                == "a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json"
        )
    }

    @Test("says which settings are missing or contradict each other")
    func defects() {
        #expect(reason([:]) == "it has no sso_role_name, no sso_account_id, no sso_start_url, no sso_region")
        #expect(reason(Self.older.merging(["sso_region": ""]) { _, new in new }) == "it has no sso_region")
        #expect(reason(Self.newer, [:]) == "the config file has no section [sso-session corp]")
        #expect(reason(Self.newer, ["corp": ["sso_region": "x"]]) == "it has no sso_start_url")
        #expect(
            reason(Self.newer.merging(["sso_region": "eu-west-2"]) { _, new in new })
                == "sso_region has one value in the profile and another in [sso-session corp]"
        )
        #expect(
            reason(Self.older.merging(["sso_region": "eu.example.com/"]) { _, new in new })
                == "sso_region is not the name of a Region"
        )
    }
}
