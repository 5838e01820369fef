import API
import DynamoDBClient

extension AWSConfiguration {
    /// How AWS is reached at this moment, for operators.
    var status: AWSStatus {
        var status = AWSStatus(
            region: region,
            endpoint: dynamoDB.description,
            streamsEndpoint: dynamoDBStreams.description
        )
        let known = credentials.status
        status.credentials.source = known.source
        status.credentials.expiresAt = known.expiresAt
        status.credentials.loads = known.loads
        status.credentials.failures = known.failures
        status.credentials.trouble = known.trouble
        status.clockSkewMilliseconds = clock.skewMilliseconds
        return status
    }
}
