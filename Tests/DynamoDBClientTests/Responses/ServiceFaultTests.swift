import CurlTransport
import Testing

@testable import DynamoDBClient

@Suite struct ServiceFaultTests {
    private func error(
        status: Int = 400,
        _ body: String,
        type: String? = nil,
        request: String? = nil,
        operation: DynamoDBOperation = .getRecords
    ) throws -> DynamoDBError {
        let fields = [("x-amzn-errortype", type), ("x-amzn-requestid", request)].compactMap { name, value in
            value.map { HTTPField(name: name, value: $0) }
        }
        return ServiceFault.error(
            TransferResponse(
                head: ResponseHead(status: status, version: "1.1", fields: fields),
                body: Array(body.utf8)
            ),
            CallContext(operation, subject: "shard s", endpoint: try Endpoint("http://127.0.0.1:8000")),
            limits: DynamoDBClientLimits()
        )
    }

    @Test(
        "an error's name is the same with any prefix and suffix",
        arguments: [
            "com.amazonaws.dynamodb.v20120810#X", "com.amazonaws.dynamodbstreams.v20120810#X", "X",
            "com.amazon.coral.service#X", "X:http://internal.amazon.com/coral/", "aws#X:http://x#y",
        ]
    )
    func names(type: String) {
        #expect(ServiceFault.bareName(type) == "X")
    }

    @Test(
        "each name has its class",
        arguments: [
            ("ProvisionedThroughputExceededException", .throttled), ("ThrottlingException", .throttled),
            ("LimitExceededException", .throttled), ("RequestLimitExceeded", .throttled),
            ("InternalServerError", .transient), ("ServiceUnavailableException", .transient),
            ("ExpiredTokenException", .expiredCredentials), ("ExpiredIteratorException", .expiredIterator),
            ("TrimmedDataAccessException", .trimmed), ("ResourceNotFoundException", .notFound),
            ("AccessDeniedException", .accessDenied), ("UnrecognizedClientException", .accessDenied),
            ("InvalidSignatureException", .accessDenied), ("ValidationException", .fatal), ("Whatever", .fatal),
        ] as [(String, DynamoDBError.Kind)]
    )
    func kinds(code: String, kind: DynamoDBError.Kind) throws {
        let error = try error(#"{"__type":"com.amazonaws.dynamodb.v20120810#\#(code)","message":"m"}"#)
        #expect(error.kind == kind)
        #expect(error.code.rawValue == code)
    }

    @Test(
        "without a known name the status decides",
        arguments: [
            (429, .throttled), (408, .transient), (500, .transient), (503, .transient), (403, .accessDenied),
            (302, .fatal), (404, .fatal),
        ] as [(Int, DynamoDBError.Kind)]
    )
    func statuses(status: Int, kind: DynamoDBError.Kind) throws {
        #expect(try error(status: status, "<html>").kind == kind)
        #expect(try error(status: status, #"{"__type":"New"}"#).kind == kind)
    }

    @Test("an error names the operation, the subject, the cause, the request and what to do")
    func text() throws {
        #expect(
            try error(#"{"__type":"x#TrimmedDataAccessException","Message":"Too\nold."}"#, request: "R1").description
                == "GetRecords shard s failed: TrimmedDataAccessException: Too old. (request R1). The records are older "
                + "than the 24 hours that a stream keeps: a new scan of the table is needed."
        )
    }

    @Test("the header names the error where the body does not")
    func header() throws {
        let error = try error("", type: "ExpiredIteratorException:http://x")
        #expect(error.kind == .expiredIterator)
        #expect(error.message == "HTTP status 400")
    }

    @Test("a page of a proxy and an empty body are described")
    func foreign() throws {
        #expect(
            try error(status: 502, "<html>\n  <h1>Bad  Gateway</h1>").description
                == "GetRecords shard s failed: HTTP 502: http://127.0.0.1:8000 answered with status 502 and an HTML or XML "
                + "page: <html> <h1>Bad Gateway</h1>. Check that http://127.0.0.1:8000 is DynamoDB and not a proxy or "
                + "another server."
        )
        #expect(
            try error(status: 503, "").message == "http://127.0.0.1:8000 answered with status 503 and an empty body"
        )
        #expect(try error("[1]").message.contains("a body that is not in DynamoDB's form: [1]"))
    }

    @Test("an excerpt of a foreign page shows nothing that may be a key or a token")
    func quotedRequest() throws {
        let token = String(repeating: "IQoJb3JpZ2luX2Vj/+", count: 30)
        let error = try error(status: 500, "<p>X-Amz-Security-Token: \(token)</p> no")
        #expect(!error.message.contains("IQoJ"))
        #expect(error.message.hasSuffix("an HTML or XML page: <p>X-Amz-Security-Token: …</p> no"))
    }

    @Test("a message is cut to its bound and kept on one line")
    func bound() throws {
        let error = try error(#"{"__type":"X","message":"\#(String(repeating: "é", count: 5_000))"}"#)
        #expect(error.message.count == DynamoDBClientLimits().messageCharacters + 2)
        #expect(ServiceFault.bounded("  a \u{1B}[31m\r\n b ", 80) == "a [31m b")
    }

    @Test("access trouble is told apart: the clock, the key, the permission")
    func accessHints() throws {
        #expect(
            try error(#"{"__type":"InvalidSignatureException","message":"Signature expired: 1 is now earlier than 2"}"#)
                .hint == "Check this machine's clock: signatures are good for a few minutes only."
        )
        #expect(
            try error(#"{"__type":"UnrecognizedClientException"}"#).hint
                == "Check the access key, its secret and its session token: `aws sts get-caller-identity`."
        )
        #expect(
            try error(#"{"__type":"AccessDeniedException"}"#).hint
                == "Allow dynamodb:GetRecords to this identity (`aws sts get-caller-identity`)."
        )
    }

    @Test("an endpoint that does not serve DynamoDB Streams is told apart: the option that names another one")
    func unknownOperation() throws {
        let body = #"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#
        #expect(
            try error(body).description
                == "GetRecords shard s failed: UnknownOperationException: HTTP status 400. Name the endpoint of DynamoDB Streams with "
                + "--streams-endpoint-url: http://127.0.0.1:8000 seems to serve DynamoDB alone."
        )
        #expect(
            try error(body, operation: .scan).hint
                == "Check --endpoint-url and AWS_ENDPOINT_URL_DYNAMODB: http://127.0.0.1:8000 does not seem to serve DynamoDB."
        )
    }

    @Test("a refusal of KMS is about the table's key, not about a permission of DynamoDB")
    func keyHints() throws {
        for code in ["AccessDeniedException", "ValidationException"] {
            let error = try error(#"{"__type":"\#(code)","message":"KMS key access denied: the key is disabled"}"#)
            #expect(
                error.hint
                    == "Enable the KMS key that encrypts the table, and allow kms:Decrypt to this identity: "
                    + "`aws dynamodb describe-table` names the key as KMSMasterKeyArn."
            )
        }
    }

    @Test("what may pass says nothing of a retry: a start that ends with it is not retried")
    func passingHints() throws {
        #expect(
            try error(status: 500, #"{"__type":"InternalServerError"}"#).hint
                == "If it persists, look at the AWS Health Dashboard and at http://127.0.0.1:8000."
        )
        #expect(
            try error(#"{"__type":"ThrottlingException"}"#).hint
                == "Calls come too often or ask for too much: raise the table's read capacity if it persists."
        )
    }

    @Test("what is not found is a table or a stream")
    func notFoundHints() throws {
        let body = #"{"__type":"ResourceNotFoundException"}"#
        #expect(
            try error(body, operation: .scan).hint
                == "Check the table's name, the region and the account: `aws dynamodb list-tables`."
        )
        #expect(try error(body).hint.hasPrefix("Check that the stream is still the table's"))
    }
}
