import ArgumentParser
import FeedClient
import Glibc
import Service

/// What the commands that read a feed share: how they say who they are, and whom they trust. A token never stands on a command line or in an address,
/// where other users of the machine and logs would see it.
struct FeedAccess: ParsableArguments {
    @Option(help: "File whose first line is the bearer token. Without it TABLECAST_TOKEN is used.")
    var tokenFile: String?

    @Option(help: "File of PEM certificates to trust for https instead of the system's.")
    var caFile: String?

    /// Bytes of a token file that are read.
    private static let tokenFileBytes = 65_536

    /// The token; nil when none was given.
    func token() throws(StartUpError) -> String? {
        let environment = Program.environment
        do throws(SettingsError) { try EnvironmentNames.check(environment) } catch { throw StartUpError(error) }
        guard let tokenFile else {
            let token = environment[EnvironmentNames.token] ?? ""
            return token.isEmpty ? nil : try Self.checked(token, EnvironmentNames.token)
        }
        guard let bytes = SmallFile.read(tokenFile, limit: Self.tokenFileBytes) else {
            let reason = String(cString: strerror(errno))
            throw StartUpError(.usage, "the token file '\(tokenFile)' cannot be read: \(reason)")
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return try Self.checked(String(decoding: line, as: UTF8.self), "the token file '\(tokenFile)'")
    }

    /// The file of certificates, which can be read; nil when none was given.
    func certificates() throws(StartUpError) -> String? {
        guard let caFile else { return nil }
        guard access(caFile, R_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            throw StartUpError(.usage, "the file of certificates '\(caFile)' cannot be read: \(reason)")
        }
        return caFile
    }

    /// A token stands in a header field: what is no visible ASCII cannot be one.
    private static func checked(_ token: String, _ source: String) throws(StartUpError) -> String {
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw StartUpError(.usage, "\(source) holds no token: its first line must be visible ASCII without spaces")
        }
        return token
    }

    /// The address that the user typed.
    static func address(_ text: String) throws(StartUpError) -> FeedAddress {
        do throws(FeedAddress.Invalid) { return try FeedAddress(text) } catch {
            throw StartUpError(.usage, error.description)
        }
    }
}
