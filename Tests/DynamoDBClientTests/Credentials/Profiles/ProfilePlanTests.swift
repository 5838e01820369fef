import Testing

@testable import DynamoDBClient

@Suite struct ProfilePlanTests {
    private func plan(_ text: String) throws -> ProfilePlan {
        try ProfilePlan("dev", in: SharedProfiles(config: try INIDocument(Array(text.utf8)), credentials: nil))
    }

    private static let keys = "aws_access_key_id = A\naws_secret_access_key = B\n"
    private static let credentials = Credentials(accessKeyID: "A", secretAccessKey: "B")

    @Test("within a profile: role, web identity, SSO, process, static keys of the config file")
    func order() throws {
        let role = "role_arn = r\nsource_profile = base\n"
        let web = "web_identity_token_file = /t\n"
        let sso = "sso_account_id = 1\n"
        let process = "credential_process = /bin/x y\n"
        let base = "[profile base]\n" + Self.keys.replacing("= A", with: "= BASE")
        let session = RoleSession(arn: "r")
        for (properties, origin, roles) in [
            (
                role + sso + Self.keys + process,
                ProfilePlan.Origin.keys(Credentials(accessKeyID: "BASE", secretAccessKey: "B"), profile: "base"),
                [session]
            ),
            (
                role + web + sso + Self.keys,
                .webIdentity(WebIdentity(session: session, tokenFile: "/t"), profile: "dev"), []
            ),
            (sso + Self.keys + process, .singleSignOn(profile: "dev"), []),
            ("sso_role_name = x\n" + Self.keys, .singleSignOn(profile: "dev"), []),
            (Self.keys + process + "sso_session = corp\n", .process(command: "/bin/x y", profile: "dev"), []),
            (Self.keys + "sso_session = corp\n", .keys(Self.credentials, profile: "dev"), []),
            (process + "sso_session = corp\n", .process(command: "/bin/x y", profile: "dev"), []),
            ("sso_session = corp\n", .singleSignOn(profile: "dev"), []),
            ("sso_start_url = https://x\n", .singleSignOn(profile: "dev"), []),
            ("region = x\nrole_arn =\n", .nothing(profile: "dev"), []),
        ] {
            let plan = try plan("[profile dev]\n\(properties)\(base)")
            #expect(plan.origin == origin, "\(properties)")
            #expect(plan.roles == roles, "\(properties)")
        }
        #expect(try plan("[profile other]\nregion = x\n").origin == .nothing(profile: "dev"))
    }

    @Test("static keys of the credentials file win over a process, and those of the config file do not")
    func keysOfEitherFile() throws {
        let config = try INIDocument(Array("[profile dev]\ncredential_process = /bin/x y\n\(Self.keys)".utf8))
        let credentials = try INIDocument(Array("[dev]\n\(Self.keys)".utf8))
        #expect(
            try ProfilePlan("dev", in: SharedProfiles(config: config, credentials: credentials)).origin
                == .keys(Self.credentials, profile: "dev")
        )
        #expect(
            try ProfilePlan("dev", in: SharedProfiles(config: config, credentials: nil)).origin
                == .process(command: "/bin/x y", profile: "dev")
        )
        let others = try INIDocument(Array("[dev]\nregion = x\n".utf8))
        #expect(
            try ProfilePlan("dev", in: SharedProfiles(config: config, credentials: others)).origin
                == .process(command: "/bin/x y", profile: "dev")
        )
    }

    @Test("a profile that names itself has its own keys; those of a source profile win over its role")
    func ownSource() throws {
        let itself = try plan("[profile dev]\nrole_arn = r\nsource_profile = dev\n\(Self.keys)")
        #expect(itself.origin == .keys(Self.credentials, profile: "dev"))
        #expect(itself.roles == [RoleSession(arn: "r")])
        let chained = try plan(
            "[profile dev]\nrole_arn = r\nsource_profile = mid\n[profile mid]\nrole_arn = q\nsource_profile = dev\n\(Self.keys)"
        )
        #expect(chained.origin == .keys(Self.credentials, profile: "mid"))
        #expect(chained.roles.map(\.arn) == ["r"])
    }

    @Test("the settings of each role of a chain go with it, in the order in which they are assumed")
    func chain() throws {
        let plan = try plan(
            """
            [profile dev]
            role_arn = last
            source_profile = mid
            role_session_name = n
            external_id = e
            duration_seconds = 43200
            [profile mid]
            role_arn = first
            credential_source = ecsCONTAINER
            """
        )
        #expect(plan.origin == .container)
        #expect(
            plan.roles == [
                RoleSession(arn: "first"), RoleSession(arn: "last", name: "n", externalID: "e", seconds: 43_200),
            ]
        )
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let words: String
    }

    @Test(
        "settings that cannot work are one line",
        arguments: [
            Fault(
                testDescription: "loop of two",
                text:
                    "[profile dev]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = q\nsource_profile = dev\n",
                words:
                    "profile b failed: ProfileLoop: the source profiles form a loop: dev → b → dev. End the chain at a profile that has "
                    + "keys, or with credential_source."
            ),
            Fault(
                testDescription: "loop of one",
                text: "[profile dev]\nrole_arn = r\nsource_profile = dev\n",
                words:
                    "profile dev failed: ProfileLoop: the source profiles form a loop: dev → dev. End the chain at a profile that has "
                    + "keys, or with credential_source."
            ),
            Fault(
                testDescription: "unknown source",
                text: "[profile dev]\nrole_arn = r\nsource_profile = b\n",
                words:
                    "profile dev failed: UnknownProfile: there is no profile b, which source_profile names. Set source_profile to a "
                    + "profile of the shared files, or add that profile."
            ),
            Fault(
                testDescription: "both sources",
                text: "[profile dev]\nrole_arn = r\nsource_profile = b\ncredential_source = Environment\n",
                words:
                    "profile dev failed: InvalidProfile: role_arn has both source_profile and credential_source. Remove one of them."
            ),
            Fault(
                testDescription: "neither source",
                text: "[profile dev]\nrole_arn = r\n",
                words:
                    "profile dev failed: IncompleteCredentials: role_arn is set, but neither source_profile nor credential_source is. "
                    + "Set source_profile to a profile that has keys, or credential_source to Environment, Ec2InstanceMetadata or "
                    + "EcsContainer."
            ),
            Fault(
                testDescription: "unknown credential_source",
                text: "[profile dev]\nrole_arn = r\ncredential_source = Vault\n",
                words:
                    "profile dev failed: InvalidProfile: credential_source \"Vault\" is not known. Set source_profile to a profile that "
                    + "has keys, or credential_source to Environment, Ec2InstanceMetadata or EcsContainer."
            ),
            Fault(
                testDescription: "MFA",
                text: "[profile dev]\nrole_arn = r\ncredential_source = Environment\nmfa_serial = m\n",
                words:
                    "profile dev failed: UnsupportedProfile: the role asks for the code of an MFA device (mfa_serial), and a service "
                    + "has nobody to ask for it. Use a role without MFA, or run "
                    + "`eval \"$(aws configure export-credentials --profile dev --format env)\"` first."
            ),
            Fault(
                testDescription: "duration",
                text: "[profile dev]\nrole_arn = r\ncredential_source = Environment\nduration_seconds = 1h\n",
                words:
                    "profile dev failed: InvalidProfile: duration_seconds must be a number from 900 to 43200; \"1h\" is not one. "
                    + "Correct it, or remove it: without it a role's keys hold for an hour."
            ),
            Fault(
                testDescription: "token file alone",
                text: "[profile dev]\nweb_identity_token_file = /t\n",
                words:
                    "profile dev failed: IncompleteCredentials: web_identity_token_file is set, but role_arn is not. Set both role_arn "
                    + "and web_identity_token_file, or neither."
            ),
            Fault(
                testDescription: "half a key",
                text: "[profile dev]\naws_secret_access_key = hush\n",
                words:
                    "profile dev failed: IncompleteCredentials: aws_secret_access_key is set, but aws_access_key_id is not. Set both "
                    + "aws_access_key_id and aws_secret_access_key, or neither."
            ),
            Fault(
                testDescription: "login session",
                text: "[profile dev]\nlogin_session = arn\ncredential_process = x\n",
                words:
                    "profile dev failed: UnsupportedProfile: the profile gets its keys through login_session, which is not supported. "
                    + "Run `eval \"$(aws configure export-credentials --profile dev --format env)\"` first."
            ),
        ]
    )
    func faults(_ fault: Fault) throws {
        let error = try #require(#expect(throws: DynamoDBError.self) { try plan(fault.text) })
        #expect(error.description == "Configuration \(fault.words)")
        #expect(error.kind == .accessDenied)
        #expect(!error.isCredentialsNotFound)
    }
}
