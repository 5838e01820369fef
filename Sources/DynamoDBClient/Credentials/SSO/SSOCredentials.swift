import Basics
import CurlTransport

/// The keys of a role by single sign-on: the token that `aws sso login` left in `~/.aws/sso/cache`, exchanged at IAM Identity Center (AWS
/// SDKs and Tools Reference Guide, "IAM Identity Center credential provider").
///
/// The token's file is read at each load. The token is not renewed by its refresh token: that changes the file, which is the CLI's.
final class SSOCredentials: CredentialsSource, CustomReflectable {
    private let profile: String
    private let properties: [String: String]
    private let context: CredentialsContext
    /// Files are read here: their volume may hang.
    private let queue = FileQueue()

    /// Takes a profile's properties. The `sso-session` section that they name is read at each load.
    init(profile: String, properties: [String: String], context: CredentialsContext) {
        self.profile = profile
        self.properties = properties
        self.context = context
    }

    /// Reads the token, and gets the role's keys. Throws for settings that are missing or contradict each other, for a token that is
    /// missing, invalid or has expired, and for what the portal says and the network does.
    ///
    /// The next login mends a token, and the file is read again, so all faults of a token are of kinds that may pass. A file that this
    /// process may not read stays so.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let (settings, token) = try await queue.run {
            [self] () throws(DynamoDBError) -> (SSOSettings, SSOToken) in
            let settings = try readSettings()
            return (settings, try readToken(settings))
        }
        let portal = SSOPortal(
            endpoint: try context.endpoint(.sso, settings.region),
            subject: source,
            loginHint: loginHint,
            limits: context.limits
        )
        let response: TransferResponse
        do throws(TransportFailure) {
            response = try await context.http.send(
                portal.request(settings, token: token),
                timeout: context.limits.ssoPortalTimeout
            )
        } catch {
            throw error.error(portal.call)
        }
        return try portal.credentials(in: response, settings, token: token)
    }

    private var source: String { "SSO of profile \(profile)" }

    private var loginHint: String {
        "Run `aws sso login --profile \(profile)` as this user. Tablecast reads the token again, but does not renew it."
    }

    private func readSettings() throws(DynamoDBError) -> SSOSettings {
        let sessions = properties["sso_session"] == nil ? [:] : try context.files.load().sessions
        do throws(SSOSettings.Defect) { return try SSOSettings(properties, sessions: sessions) } catch {
            throw fault(
                "InvalidSSOProfile",
                "the profile cannot sign on: \(error.reason)",
                hint: "Run `aws configure sso --profile \(profile)`, or mend the profile in the config file."
            )
        }
    }

    private func readToken(_ settings: SSOSettings) throws(DynamoDBError) -> SSOToken {
        guard let home = HomePath.home(context.environment) else {
            throw fault(
                "MissingSSOToken",
                "HOME is not set, and the token of `aws sso login` is below it",
                hint: "Set HOME to the home directory of the user who ran `aws sso login`."
            )
        }
        let path = "\(home)/.aws/sso/cache/\(SSOToken.fileName(settings))"
        let bytes: [UInt8]
        do throws(BoundedFile.Failure) {
            bytes = try BoundedFile.read(path, limit: context.limits.credentialsResponseBytes)
        } catch {
            if error == .missing {
                throw fault("MissingSSOToken", "there is no token of a login in \(path)", hint: loginHint, .transient)
            }
            throw fault(
                "UnreadableSSOToken",
                "the token in \(path) cannot be read: \(error.reason)",
                hint: "Check the file and its permissions. `aws sso login --profile \(profile)` writes it.",
                error.isOfPermissions ? .accessDenied : .transient
            )
        }
        let token: SSOToken
        do throws(SSOToken.Defect) { token = try SSOToken(bytes) } catch {
            throw fault("InvalidSSOToken", "\(path) cannot be used: \(error.reason)", hint: loginHint, .transient)
        }
        guard token.expiresAt > context.clock.milliseconds else {
            throw fault(
                "ExpiredSSOToken",
                "the login expired at \(Timestamp.text(token.expiresAt))",
                hint: loginHint,
                .expiredCredentials
            )
        }
        return token
    }

    private func fault(
        _ code: DynamoDBError.Code,
        _ message: String,
        hint: String,
        _ kind: DynamoDBError.Kind = .accessDenied
    ) -> DynamoDBError {
        .configuration(subject: source, code: code, message: message, hint: hint, kind: kind)
    }

    /// No children: `dump` shows neither the properties nor the environment.
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .class) }
}
