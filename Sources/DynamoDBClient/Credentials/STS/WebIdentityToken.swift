import Basics

/// The file of a web identity's token. It is read whenever keys are loaded: the kubelet replaces the token about every hour.
enum WebIdentityToken {
    /// The token, without the white space around it. Blocks for as long as the file's volume does. `limit` is in bytes.
    ///
    /// A file that is missing or empty is transient. The kubelet swaps a symbolic link to renew the token, and other writers replace the
    /// file in steps, so it is expected back. A file that may not be read, or is no file, stays so until somebody acts.
    static func read(_ path: String, limit: Int) throws(DynamoDBError) -> String {
        let bytes: [UInt8]
        do throws(BoundedFile.Failure) { bytes = try BoundedFile.read(path, limit: limit, isRegular: true) } catch {
            throw failure(error, path)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let token = text.split(whereSeparator: \.isWhitespace)
        guard let first = token.first else {
            throw fault(
                path,
                "the file is empty",
                hint: "Check what writes it; it is read again at each attempt.",
                .transient
            )
        }
        guard token.count == 1, first.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw fault(
                path,
                "the file does not have one token, which is a text of printable characters without spaces",
                hint:
                    "Set AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file to the file that has the token alone.",
                .accessDenied
            )
        }
        return String(first)
    }

    private static func failure(_ failure: BoundedFile.Failure, _ path: String) -> DynamoDBError {
        switch failure {
        case .missing:
            fault(
                path,
                failure.reason,
                hint: "Check the path and the volume that is mounted there; the file is looked for again.",
                .transient
            )
        case .system where failure.isOfPermissions:
            fault(
                path,
                failure.reason,
                hint:
                    "Let this process read it: on Kubernetes set securityContext.fsGroup to the group that the container runs with.",
                .accessDenied
            )
        case .system:
            fault(path, failure.reason, hint: "Check the volume; the file is read again at each attempt.", .transient)
        case .notRegular, .tooLarge:
            fault(
                path,
                failure.reason,
                hint:
                    "Set AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file to the file that has the token alone.",
                .accessDenied
            )
        }
    }

    private static func fault(
        _ path: String,
        _ message: String,
        hint: String,
        _ kind: DynamoDBError.Kind
    ) -> DynamoDBError {
        .configuration(
            subject: "web identity token file \(path)",
            code: "UnreadableTokenFile",
            message: message,
            hint: hint,
            kind: kind
        )
    }
}
