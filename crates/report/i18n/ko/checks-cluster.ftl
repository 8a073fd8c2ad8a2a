# "cluster" 영역 점검 항목의 문구.

check-admission-webhook = 어드미션 웹훅
    .message = 이 오브젝트는 어드미션 웹훅을 추가합니다.
    .why = 웹훅은 시크릿을 포함하여 생성되거나 변경되는 모든 것을 볼 수 있습니다. 변형(mutating) 웹훅은 모든 파드에 컨테이너를 추가할 수도 있습니다.
    .fix = 이 웹훅의 역할과 운영 주체를 아는 담당자가 있는지 확인하십시오.

check-api-server-insecure-port = 인증 없는 API 서버
    .message = { $flag } 플래그로 인해 API 서버가 인증 없이 응답합니다.
    .why = 이 포트에 접근할 수 있는 누구나 클러스터 관리자가 됩니다.
    .fix = `--insecure-port=0`과 `--secure-port`를 설정하십시오.

check-gatekeeper-prefix-open = 끝이 열린 이미지 허용 접두사
    .message = 접두사 { $prefix }{ JOSA($prefix, "은/는") } 이름의 앞부분만 같은 다른 저장소도 허용합니다.
    .why = `{ $prefix }.evil.example`이나 `{ $prefix }-evil`을 등록한 사람의 이미지가 제약 조건을 통과합니다.
    .fix = 접두사를 슬래시로 끝내십시오.

check-limit-range-missing = LimitRange 없음
    .message = { $missing ->
        [none] 네임스페이스에 LimitRange가 없습니다.
       *[other] LimitRange에 컨테이너의 `{ $missing }`{ JOSA($missing, "이/가") } 설정되지 않았습니다.
        }
    .why = 요청량과 상한을 직접 설정하지 않은 컨테이너에는 아무 제한이 없으며, 그중 하나가 노드의 메모리를 모두 차지할 수 있습니다.
    .fix = 컨테이너의 `default`, `defaultRequest`, `min`, `max`를 정한 LimitRange를 추가하십시오.

check-pod-security-not-enforced = 파드 보안 미적용
    .message = 네임스페이스에 파드 보안(Pod Security) 수준이 적용되지 않았습니다.
    .why = 이 네임스페이스에 파드를 만들 수 있는 사람은 특권 파드를 만들어 노드를 장악할 수 있습니다.
    .fix = 네임스페이스에 `pod-security.kubernetes.io/enforce: baseline` 레이블을 추가하십시오. `restricted`면 더 좋습니다.

check-pod-security-not-restricted = 제한 파드 보안 수준 미적용
    .message = 네임스페이스에 제한(restricted) 파드 보안 수준이 적용되지 않았습니다.
    .why = 그보다 낮은 수준에서는 파드가 기본 커널 권한을 가진 root로 실행될 수 있으며, 대부분의 컨테이너 탈출이 여기에서 시작됩니다.
    .fix = 파드가 기준을 충족하면 네임스페이스에 `pod-security.kubernetes.io/enforce: restricted` 레이블을 추가하십시오.

check-policy-allows-added-capabilities = 커널 권한 추가를 허용하는 정책
    .message = PodSecurityPolicy가 커널 권한(capability) 추가를 허용합니다.
    .why = 기본 범위를 벗어난 커널 권한은 컨테이너 탈출이나 네트워크 장악으로 이어집니다.
    .fix = `allowedCapabilities`를 제거하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-allows-host-ipc = 호스트 IPC 네임스페이스를 허용하는 정책
    .message = PodSecurityPolicy가 노드의 IPC 네임스페이스 공유를 허용합니다.
    .why = 이런 파드는 노드와 다른 파드의 공유 메모리를 읽고 변경할 수 있습니다.
    .fix = `hostIPC: true`를 제거하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-allows-host-network = 호스트 네트워크를 허용하는 정책
    .message = PodSecurityPolicy가 노드의 네트워크 사용을 허용합니다.
    .why = 이런 파드는 노드의 루프백 서비스에 접근하고 트래픽을 엿보며 네트워크 정책의 적용을 받지 않습니다.
    .fix = `hostNetwork: true`를 제거하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-allows-host-pid = 호스트 프로세스 네임스페이스를 허용하는 정책
    .message = PodSecurityPolicy가 노드의 프로세스 네임스페이스 공유를 허용합니다.
    .why = 이런 파드는 노드의 모든 프로세스를 보고 시그널을 보내며 환경 변수에 담긴 시크릿을 읽을 수 있습니다.
    .fix = `hostPID: true`를 제거하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-allows-privilege-escalation = 권한 상승을 허용하는 정책
    .message = PodSecurityPolicy가 프로세스의 권한 상승을 허용합니다.
    .why = 이미지에 setuid 프로그램이 있으면 어떤 프로세스든 컨테이너 안에서 root가 될 수 있습니다.
    .fix = `allowPrivilegeEscalation: false`를 설정하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-allows-privileged = 특권 컨테이너를 허용하는 정책
    .message = PodSecurityPolicy가 특권 컨테이너 실행을 허용합니다.
    .why = 특권 컨테이너는 노드의 root와 같습니다.
    .fix = `privileged: true`를 제거하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-allows-root = root를 허용하는 정책
    .message = PodSecurityPolicy가 컨테이너의 root 실행을 허용합니다.
    .why = 컨테이너의 root는 컨테이너를 탈출하는 순간 노드의 root가 됩니다.
    .fix = `runAsUser.rule: MustRunAsNonRoot`를 설정하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-keeps-capabilities = 기본 커널 권한을 유지하는 정책
    .message = PodSecurityPolicy가 컨테이너의 기본 커널 권한을 그대로 둡니다.
    .why = 로우 소켓을 쓸 수 있는 컨테이너는 패킷을 위조하고 다른 파드를 사칭할 수 있습니다.
    .fix = `requiredDropCapabilities: [ALL]`을 설정하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-policy-without-seccomp = seccomp가 없는 정책
    .message = PodSecurityPolicy가 파드의 seccomp 프로파일을 지정하지 않습니다.
    .why = 프로파일이 없으면 커널이 취약점 공격에 쓰이는 것을 포함한 모든 시스템 콜을 받아들입니다.
    .fix = 정책에 `seccomp.security.alpha.kubernetes.io/defaultProfileName: runtime/default` 어노테이션을 추가하십시오. PodSecurityPolicy는 쿠버네티스 1.25에서 제거되었으므로 파드 보안 어드미션(Pod Security admission)으로 전환하십시오.

check-rbac-authorizer-missing = RBAC 미사용
    .message = API 서버가 RBAC으로 권한을 확인하지 않습니다.
    .why = Role과 바인딩에 정의한 권한이 아무 의미가 없으며, 대개 로그인한 모든 사용자에게 모든 권한이 허용됩니다.
    .fix = `--authorization-mode`에 `RBAC`을 추가하십시오.

check-resource-quota-missing = 자원 할당량 없음
    .message = { $missing ->
        [none] 네임스페이스에 ResourceQuota가 없습니다.
        [hard] ResourceQuota가 아무것도 제한하지 않습니다.
       *[other] 네임스페이스의 ResourceQuota가 `{ $missing }`{ JOSA($missing, "을/를") } 제한하지 않습니다.
        }
    .why = 실수나 암호화폐를 채굴하는 공격자로 인해 네임스페이스 하나가 클러스터의 자원을 모두 소모할 수 있습니다.
    .fix = ResourceQuota로 `requests.cpu`, `requests.memory`, `limits.cpu`, `limits.memory`를 제한하십시오.

check-scc-allows-privileged = 특권 컨테이너를 허용하는 제약
    .message = 보안 컨텍스트 제약(SCC)이 특권 컨테이너를 허용합니다.
    .why = 이 제약을 사용할 수 있는 사람은 노드를 장악하는 컨테이너를 시작할 수 있습니다.
    .fix = `allowPrivilegedContainer: false`를 설정하고 필요한 커널 권한만 허용하십시오.

check-storage-not-encrypted = 암호화되지 않은 스토리지
    .message = 이 스토리지 클래스의 디스크는 암호화되지 않습니다.
    .why = 스냅샷이나 백업, 디스크 자체에 접근한 사람이 데이터를 읽을 수 있습니다.
    .fix = 스토리지 클래스의 parameters에 `encrypted: "true"`를 설정하십시오. 필요하면 자체 키를 사용하십시오.

check-webhook-fails-open = 장애 시 모두 허용하는 웹훅
    .message = 웹훅 { $webhook }에 연결할 수 없으면 모든 요청이 허용됩니다.
    .why = 공격자가 웹훅에 과부하를 주거나 중단시키거나 업그레이드 시점을 노리면, 거부되었어야 할 요청이 통과됩니다.
    .fix = `failurePolicy: Fail`을 설정하고 여러 복제본을 실행하며 웹훅 자신의 네임스페이스는 제외하십시오.
