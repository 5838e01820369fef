import Basics
import CurlTransport

/// The fields that AWS puts into a response.
extension TransferResponse {
    /// Those that are looked at below.
    static let awsFields = ["x-amz-crc32", "x-amzn-errortype", "x-amzn-requestid", "date"]

    var status: Int { head.status }

    /// `x-amz-crc32`, the zlib checksum of the body as sent; nil where the endpoint sends none (DynamoDB Streams).
    var checksum: UInt32? { head.field("x-amz-crc32").flatMap { UInt32($0) } }

    /// `x-amzn-errortype`, which some gateways send in place of a body's `__type`.
    var errorType: String? { head.field("x-amzn-errortype") }

    /// `x-amzn-requestid`, what AWS support asks for.
    var requestID: String? { head.field("x-amzn-requestid") }

    /// `Date`, in seconds since 1970 UTC.
    var date: Int64? { head.field("date").flatMap { IMFFixdate.seconds($0, .lenient) } }
}
