import Basics
import CurlTransport
import ReplicaStore

/// How an upstream is asked: its address, the token, the certificates.
struct UpstreamAccess {
    /// The token cannot be read.
    struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
        let description: String
    }

    /// The path of the followers' feed below an upstream's address.
    static let path = "/v1/changes?mode=replica"

    private let settings: FollowingSettings

    init(_ settings: FollowingSettings) { self.settings = settings }

    /// The request of a connection, with the token as its file has it now.
    func stream(_ request: FollowerMachine.Request) throws(Unreadable) -> StreamedRequest {
        var fields = [HTTPField(name: "Accept", value: "application/x-ndjson")]
        if let token = try token() { fields.append(HTTPField(name: "Authorization", value: "Bearer \(token)")) }
        var connection = ConnectionSettings(
            connectTimeout: settings.limits.connectTimeout,
            certificates: settings.certificates
        )
        connection.isCompressed = true
        var stream = StreamedRequest(TransferRequest(url: url(request), fields: fields), over: connection)
        stream.silence = settings.limits.silenceBeforeContents
        return stream
    }

    private func url(_ request: FollowerMachine.Request) -> String {
        var base = request.upstream[...]
        while base.last == "/" { base.removeLast() }
        let since = request.since.map(\.description) ?? "0"
        return base + Self.path + (settings.isPartial ? "&partial=true" : "") + "&since=\(since)"
    }

    private func token() throws(Unreadable) -> String? {
        guard let path = settings.tokenFile else { return nil }
        let bytes: [UInt8]
        do throws(BoundedFile.Failure) {
            bytes = try BoundedFile.read(path, limit: settings.limits.tokenFileBytes)
        } catch {
            throw Unreadable(
                description: "the token file '\(path)' of --follow-token-file cannot be read: \(error.reason)"
            )
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty, line.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Unreadable(
                description:
                    "the token file '\(path)' of --follow-token-file holds no token: its first line must be visible ASCII "
                    + "without spaces"
            )
        }
        return String(decoding: line, as: UTF8.self)
    }
}
