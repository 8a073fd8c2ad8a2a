# "secrets" 영역 점검 항목의 문구.

check-cluster-secret-store-open = 모든 네임스페이스에 열린 시크릿 저장소
    .message = 모든 네임스페이스가 ClusterSecretStore에서 시크릿을 가져올 수 있습니다.
    .why = 어느 네임스페이스에서든 ExternalSecret을 만들 수 있으면 저장소의 자격 증명으로 읽을 수 있는 모든 것을 읽게 됩니다.
    .fix = `spec.conditions`로 저장소 사용을 제한하거나 네임스페이스마다 SecretStore를 사용하십시오.

check-credential-in-config-map = ConfigMap에 담긴 자격 증명
    .message = ConfigMap의 { $key } 키에 있는 { $name } 값이 평문 자격 증명으로 보입니다.
    .why = ConfigMap은 저장할 때 암호화되지 않으며, 시크릿보다 훨씬 많은 사람과 프로그램이 읽을 수 있습니다.
    .fix = 자격 증명을 시크릿이나 외부 저장소로 옮기십시오. 이곳에 적힌 자격 증명은 교체하십시오.

check-credential-in-environment = 환경 변수에 담긴 자격 증명
    .message = 컨테이너 { $container }의 환경 변수 { $variable } 값이 평문 자격 증명으로 보입니다.
    .why = 매니페스트나 저장소, 워크로드를 읽을 수 있는 모든 사람이 자격 증명을 알게 되며, 새로 배포하지 않고는 교체할 수도 없습니다.
    .fix = 자격 증명을 시크릿이나 외부 저장소에 보관하고 참조하십시오. 이곳에 적힌 자격 증명은 교체하십시오.

check-encryption-configuration-weak = 저장 시 암호화되지 않는 시크릿
    .message = { $problem ->
        [identity] 시크릿의 첫 번째 프로바이더가 `identity`이므로 새 시크릿이 평문으로 저장됩니다.
        [kms-v1] `kms` 프로바이더가 사용이 중단된 프로토콜 버전 1을 사용합니다.
       *[secrets] 시크릿을 대상으로 하는 항목이 없어 평문으로 저장됩니다.
        }
    .why = etcd나 백업의 사본을 얻은 사람이 클러스터의 모든 시크릿을 갖게 됩니다.
    .fix = `secrets`의 첫 번째 프로바이더를 `apiVersion: v2`인 `kms`로 지정하고, 이후 모든 시크릿을 다시 저장하십시오.

check-external-secret-not-refreshed = 갱신되지 않는 외부 시크릿
    .message = ExternalSecret을 한 번만 가져오고 다시 가져오지 않습니다.
    .why = 저장소에서 교체한 자격 증명이 클러스터에는 이전 값으로 남으므로, 유출 후 교체해도 이곳에는 효과가 없습니다.
    .fix = 이전 자격 증명이 남아 있어도 되는 시간으로 `refreshInterval`을 설정하십시오(예: `1h`).

check-external-secret-store-unused = 외부 시크릿 저장소 미사용
    .message = 파드가 외부 시크릿 저장소에서 자격 증명을 가져오지 않습니다.
    .why = 클러스터의 시크릿은 etcd와 시크릿 읽기 권한만큼만 안전합니다. 전용 저장소는 교체, 감사, 단기 자격 증명 기능을 제공합니다.
    .fix = Secrets Store CSI 드라이버나 External Secrets 오퍼레이터로 외부 저장소의 자격 증명을 사용하십시오.

check-mounted-claim = 마운트된 저장 데이터
    .message = 파드가 볼륨 클레임 { $claim }{ JOSA($claim, "을/를") } 마운트합니다.
    .why = 파드를 장악한 공격자가 데이터를 얻게 됩니다.
    .fix = 파드에 이 데이터가 필요한지 확인하고, 읽기만 한다면 읽기 전용으로 마운트하십시오.

check-mounted-config-map = 마운트된 ConfigMap
    .message = 파드가 ConfigMap { $configmap }{ JOSA($configmap, "을/를") } 마운트합니다.
    .why = 이 ConfigMap을 변경할 수 있는 사람은 파드의 동작을 바꿀 수 있습니다.
    .fix = 이 ConfigMap을 변경할 수 있는 사람을 최소화하십시오.

check-mounted-secret = 마운트된 시크릿
    .message = 파드가 시크릿 { $secret }{ JOSA($secret, "을/를") } 마운트합니다.
    .why = 파드를 장악한 공격자가 이 자격 증명을 얻게 됩니다.
    .fix = 파드에 이 시크릿이 필요한지 확인하십시오.

check-private-key-in-plain-text = 평문 개인 키
    .message = { $name }에 개인 키가 평문으로 들어 있습니다.
    .why = 이 키를 읽은 사람은 키의 소유자로 행세하며 복호화하거나 서명할 수 있고, 모든 곳에서 키를 폐기할 때까지 막을 수 없습니다.
    .fix = 이 키를 폐기하고 새 키를 만들어 시크릿이나 외부 저장소에 보관하십시오.

check-secret-in-environment = 환경 변수로 전달되는 시크릿
    .message = 컨테이너 { $container }{ JOSA($container, "이/가") } 시크릿 { $secret }{ JOSA($secret, "을/를") } 환경 변수로 받습니다.
    .why = 환경 변수는 오류 보고서, 디버그 페이지, 자식 프로세스에 노출되며, 시크릿을 교체해도 이전 값이 그대로 남습니다.
    .fix = 시크릿을 읽기 전용 볼륨으로 마운트하고 파일에서 읽으십시오.

check-secret-in-manifest = 매니페스트에 적힌 시크릿
    .message = 매니페스트에 시크릿의 { $key } 값이 들어 있습니다.
    .why = Base64는 암호화가 아닙니다. 파일을 본 모든 사람이 값을 알 수 있으며 저장소 기록에도 남습니다.
    .fix = 값을 교체하십시오. 외부 저장소에 보관하거나 암호화하십시오(External Secrets, Sealed Secrets, SOPS).

check-secret-store-static-credentials = 고정 키를 사용하는 시크릿 저장소
    .message = 시크릿 저장소가 장기 키로 { $provider }에 로그인합니다.
    .why = 키가 클러스터 안에 있으므로 이를 찾은 사람은 키가 교체될 때까지 저장소 전체를 열 수 있습니다.
    .fix = 서비스 어카운트의 ID를 사용하십시오(`jwt`, `workloadIdentity`, 쿠버네티스 인증).

check-secret-type-mismatch = 내용과 맞지 않는 시크릿 유형
    .message = 시크릿의 유형 { $type }{ JOSA($type, "이/가") } 내용과 맞지 않습니다.
    .why = 필수 키가 없는 시크릿은 API 서버가 거부하며, 유형으로 인증서와 레지스트리 자격 증명을 보호하는 규칙은 Opaque 시크릿을 놓칩니다.
    .fix = 유형을 `{ $better }`{ JOSA($better, "으로/로") } 설정하거나 유형에 필요한 키를 추가하십시오.
