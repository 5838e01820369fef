extension DynamoDBError {
    /// The name of a failure: an AWS error code, libcurl's error name, or one of the client's own.
    ///
    /// AWS adds codes without notice, so any text is one. A string literal is one too. Code compares with the names below.
    public struct Code: RawRepresentable, Sendable, Hashable, ExpressibleByStringInterpolation, CustomStringConvertible
    {
        /// The name as the endpoint or the client spells it.
        public let rawValue: String

        /// Names a failure.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Names the failure that a literal spells.
        public init(stringLiteral name: String) { rawValue = name }

        /// The name.
        public var description: String { rawValue }

        /// A listing of shards whose pages would never end: a LastEvaluatedShardId came twice.
        public static let repeatedCursor: Code = "RepeatedCursor"
        /// A scan whose pages would never end: LastEvaluatedKey is the key that the page began after.
        public static let repeatedKey: Code = "RepeatedKey"
        /// DynamoDB rejects the request itself.
        public static let validation: Code = "ValidationException"
        /// The endpoint does not know the operation.
        static let unknownOperation: Code = "UnknownOperationException"
        /// A provider has no credentials.
        static let credentialsNotFound: Code = "CredentialsNotFound"
        /// The identity lacks a permission.
        static let accessDenied: Set<Code> = ["AccessDeniedException", "AccessDenied"]
        /// The signature's time is too far from the service's.
        static let skewedTime: Code = "RequestTimeTooSkewed"
        /// The service does not know the keys, or the signature is not theirs.
        static let rejectedKeys: Set<Code> = [
            "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidSignatureException",
            "SignatureDoesNotMatch",
        ]
    }
}
