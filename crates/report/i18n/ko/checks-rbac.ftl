# "rbac" 영역 점검 항목의 문구.

check-admission-webhooks-writable = 어드미션 웹훅 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }에 { $verbs } 권한이 있습니다.
    .why = 변형(mutating) 웹훅은 모든 파드에 코드를 넣을 수 있고, 검증(validating) 웹훅은 저장되는 모든 시크릿을 읽을 수 있습니다. 웹훅을 삭제하면 그 정책이 꺼집니다.
    .fix = 웹훅 설정 권한은 해당 웹훅을 설치하는 계정에만 부여하고, `resourceNames`로 대상을 한정하십시오.

check-anonymous-access-granted = 자격 증명 없는 접근 허용
    .message = { $binding }{ JOSA($binding, "이/가") } `{ $subject }`에 { $role }{ JOSA($role, "을/를") } 부여합니다.
    .why = API 서버에 접근할 수 있는 누구나 자격 증명 없이 이 권한을 갖습니다. 인터넷에 노출된 API 서버는 몇 분 안에 발견됩니다.
    .fix = 해당 주체를 제거하십시오. 상태 확인 경로는 기본 역할 `system:public-info-viewer`로 이미 열려 있습니다.

check-authenticated-group-bound = 모든 사용자에게 부여된 역할
    .message = { $binding }{ JOSA($binding, "이/가") } `{ $subject }`에 속한 모두에게 { $role }{ JOSA($role, "을/를") } 부여합니다.
    .why = 클러스터의 모든 사용자와 파드가 이 권한을 갖습니다. 일부 클라우드에서는 그 사업자의 모든 계정이 인증된 사용자로 간주됩니다.
    .fix = 구성원을 관리하는 그룹에 바인딩하십시오.

check-aws-auth-writable = aws-auth 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } ConfigMap `aws-auth`에 { $verbs } 권한이 있습니다.
    .why = EKS에서 이 ConfigMap은 어떤 AWS 주체가 어떤 쿠버네티스 사용자인지를 정합니다. 이를 바꿀 수 있으면 아무 주체나 `system:masters`에 넣을 수 있습니다.
    .fix = EKS 액세스 항목(access entry)으로 주체를 관리하고 인증 모드를 `API`로 설정한 뒤 이 규칙을 제거하십시오.

check-bind-or-escalate-allowed = 역할 상승·바인딩 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }에 { $verbs } 권한이 있습니다.
    .why = API 서버는 자신에게 없는 권한을 남에게 줄 수 없게 하지만 `bind`와 `escalate`는 예외입니다. 이 권한이 있으면 스스로 cluster-admin이 될 수 있습니다.
    .fix = 두 동사를 제거하거나, 바인딩할 수 있는 역할을 `resourceNames`에 지정하십시오.

check-certificate-approval-allowed = 인증서 승인 권한
    .message = { $role }{ JOSA($role, "은/는") } 인증서 서명 요청을 승인할 수 있습니다.
    .why = 승인된 클라이언트 인증서는 그 안에 적힌 사용자와 그룹의 자격을 증명하며, 만료될 때까지 폐기할 수 없습니다.
    .fix = 승인은 컨트롤 플레인의 컨트롤러에 맡기고, `approve` 권한은 필요한 서명자(signer) 하나로 한정하십시오.

check-cluster-admin-bound = cluster-admin 바인딩
    .message = { $binding }{ JOSA($binding, "이/가") } 모든 작업이 허용된 { $role }{ JOSA($role, "을/를") } { $subjects }에 부여합니다.
    .why = 이런 역할에 바인딩되면 모든 작업을 할 수 있습니다. 실수 한 번, 탈취된 토큰 하나로 클러스터 전체를 잃을 수 있습니다.
    .fix = 필요한 권한만 가진 역할을 바인딩하고, cluster-admin은 비상시에만 쓰는 계정에 한정하십시오.

check-coredns-config-writable = CoreDNS 설정 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } CoreDNS의 ConfigMap에 { $verbs } 권한이 있습니다.
    .why = CoreDNS의 응답을 바꿀 수 있으면 클러스터의 모든 연결을 원하는 주소로 돌릴 수 있습니다.
    .fix = 규칙을 해당 구성 요소의 네임스페이스로 한정하거나 `resourceNames`에 자체 ConfigMap을 지정하십시오.

check-default-role-widened = 확장된 기본 역할
    .message = { $role }{ JOSA($role, "이/가") } 기본 역할 `{ $target }`에 { $resources }에 대한 { $verbs } 권한을 추가합니다.
    .why = 기본 역할에 바인딩된 모두가 새 바인딩 없이 모든 네임스페이스에서 이 권한을 얻게 되며, 눈에 잘 띄지 않습니다.
    .fix = 레이블을 제거하거나 규칙을 별도 역할로 옮겨 필요한 곳에만 바인딩하십시오.

check-default-service-account-bound = 기본 서비스 어카운트 바인딩
    .message = { $binding }{ JOSA($binding, "이/가") } 서비스 어카운트 `default`에 { $role }{ JOSA($role, "을/를") } 부여합니다.
    .why = 계정을 지정하지 않은 파드는 모두 `default`로 실행됩니다. 의도하지 않은 파드까지 권한을 갖게 됩니다.
    .fix = 권한이 필요한 워크로드용 서비스 어카운트를 만들어 바인딩하고 파드에 지정하십시오.

check-events-deletable = 이벤트 삭제 권한
    .message = { $role }{ JOSA($role, "은/는") } 이벤트에 { $verbs } 권한이 있습니다.
    .why = 이벤트는 네임스페이스에서 일어난 일을 보여 줍니다. 자동으로 만료되므로 삭제할 필요가 없으며, 공격자는 흔적을 지우려고 삭제합니다.
    .fix = `events`에 대한 삭제 동사를 제거하십시오.

check-impersonation-allowed = 다른 사용자 가장 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }{ JOSA($resources, "을/를") } 가장(impersonate)할 수 있습니다.
    .why = 그룹을 가장할 수 있으면 `system:masters`로 동작하여 모든 인가를 우회할 수 있습니다. 요청에는 다른 이름이 남습니다.
    .fix = 가장할 수 있는 대상을 `resourceNames`에 지정하고, 그룹은 이름 없이 허용하지 마십시오.

check-long-lived-token-secret = 만료되지 않는 서비스 어카운트 토큰
    .message = 이 시크릿에 서비스 어카운트 { $account }의 만료되지 않는 토큰이 들어 있습니다.
    .why = 복사된 토큰은 시크릿을 삭제할 때까지 유효하며, 시크릿을 읽을 수 있으면 누구나 쓸 수 있습니다.
    .fix = 파드에서는 프로젝티드 토큰을, 그 밖에서는 `kubectl create token`을 사용하고 시크릿을 삭제하십시오.

check-network-objects-writable = 네트워크 오브젝트 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }에 { $verbs } 권한이 있습니다.
    .why = NetworkPolicy를 바꾸면 차단된 통신을 열 수 있고, Ingress를 만들면 서비스를 인터넷에 노출할 수 있습니다. 서비스나 엔드포인트를 바꾸면 다른 트래픽을 가로챌 수 있습니다.
    .fix = NetworkPolicy 권한은 네트워크 담당자에게만 부여하고 역할을 리소스별로 나누십시오.

check-node-proxy-allowed = nodes/proxy를 통한 kubelet 접근
    .message = { $role }{ JOSA($role, "은/는") } `nodes/proxy`에 { $verbs } 권한이 있습니다.
    .why = `get`만으로도 노드의 모든 파드에서 명령을 실행할 수 있으며, 어드미션과 감사 로그에 드러나지 않습니다.
    .fix = 조회가 목적이라면 `nodes/metrics`, `nodes/stats`, `nodes/log`, `nodes/healthz`를 사용하십시오.

check-orphan-binding = 존재하지 않는 대상에 대한 바인딩
    .message = { $binding }{ JOSA($binding, "이/가") } 존재하지 않는 { $missing }{ JOSA($missing, "을/를") } 참조합니다.
    .why = 누군가 빠진 대상을 만들면 그 즉시 바인딩의 권한이 생깁니다. 또한 바인딩이 본래 목적대로 동작하지 않습니다.
    .fix = 이름을 바로잡거나 바인딩을 삭제하십시오.

check-persistent-volumes-creatable = 퍼시스턴트 볼륨 생성 권한
    .message = { $role }{ JOSA($role, "은/는") } 퍼시스턴트 볼륨을 생성할 수 있습니다.
    .why = hostPath 유형의 퍼시스턴트 볼륨을 만들면, 파드 보안 표준이 막는 노드 파일 시스템을 파드에 연결할 수 있습니다.
    .fix = 볼륨은 스토리지 클래스로 프로비저닝하고 `persistentvolumes` 권한은 클러스터 관리자에게만 부여하십시오.

check-pod-exec-allowed = 파드 명령 실행 권한
    .message = { $role }{ JOSA($role, "은/는") } `{ $resources }`에 { $verbs } 권한이 있습니다.
    .why = 파드에서 명령을 실행할 수 있으면 그 파드의 서비스 어카운트, 시크릿, 네트워크를 모두 쓸 수 있습니다. 실행한 명령이 하는 일은 감사 로그에 남지 않습니다.
    .fix = 상시 역할에서 이 규칙을 제거하십시오. 장애 대응에 필요하다면 대상 파드와 기간을 한정하여 부여하십시오.

check-pods-creatable = 파드 생성 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }{ JOSA($resources, "을/를") } 생성할 수 있습니다.
    .why = 새 파드는 네임스페이스의 어떤 서비스 어카운트로도 실행할 수 있고 모든 시크릿을 마운트할 수 있습니다. 특권 파드가 허용되는 곳에서는 노드까지 장악할 수 있습니다.
    .fix = 전용 계정을 쓰는 배포 파이프라인을 통해서만 배포하도록 하고, 네임스페이스에 파드 보안 표준을 강제하십시오.

check-port-forward-allowed = 포트 포워딩 권한
    .message = { $role }{ JOSA($role, "은/는") } 모든 파드의 포트를 포워딩할 수 있습니다.
    .why = 포워딩된 트래픽은 kubelet을 거치므로 NetworkPolicy가 적용되지 않으며, 파드 내부에서만 열린 포트에도 접근할 수 있습니다.
    .fix = 상시 역할에서 `pods/portforward`를 제거하거나 `resourceNames`로 대상 파드를 한정하십시오.

check-rbac-objects-writable = 역할·바인딩 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }에 { $verbs } 권한이 있습니다.
    .why = 바인딩을 쓸 수 있으면 자신의 모든 권한을 눈에 띄지 않는 계정에 넘기거나 다른 사용자의 권한을 없앨 수 있습니다.
    .fix = 역할과 바인딩 변경은 접근 권한 담당자에게만 맡기고, 검토를 거친 파이프라인으로 적용하십시오.

check-secrets-readable = 시크릿 조회 권한
    .message = { $role }{ JOSA($role, "은/는") } 모든 시크릿에 { $verbs } 권한이 있습니다.
    .why = 시크릿에는 서비스 어카운트와 외부 시스템의 자격 증명이 들어 있습니다. `list`와 `watch`도 `get`과 마찬가지로 내용을 반환합니다.
    .fix = 필요한 시크릿을 `resourceNames`에 지정하고 `get`만 허용하거나, 필요한 파드에 직접 마운트하십시오.

check-secrets-writable = 시크릿 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } 모든 시크릿에 { $verbs } 권한이 있습니다.
    .why = 시크릿을 쓸 수 있으면 자격 증명과 인증서를 자신의 것으로 바꿔치기할 수 있고, 시크릿을 만들어 아무 서비스 어카운트의 토큰이나 얻을 수 있습니다.
    .fix = 필요한 시크릿을 `resourceNames`에 지정하거나, External Secrets와 같은 컨트롤러가 시크릿을 쓰게 하십시오.

check-service-account-tokens-creatable = 서비스 어카운트 토큰 발급 권한
    .message = { $role }{ JOSA($role, "은/는") } 모든 서비스 어카운트의 토큰을 발급할 수 있습니다.
    .why = 토큰은 곧 계정입니다. 토큰을 발급할 수 있으면 바인딩 범위 안의 모든 서비스 어카운트 권한을 갖게 됩니다.
    .fix = 대상 서비스 어카운트를 `resourceNames`에 지정하십시오.

check-service-status-writable = 서비스 상태 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } `services/status`에 { $verbs } 권한이 있습니다.
    .why = 서비스 상태에 로드 밸런서 주소를 넣으면 클러스터에서 그 주소로 가는 트래픽을 가로챌 수 있습니다(CVE-2020-8554).
    .fix = `services/status` 권한은 클라우드 컨트롤러에만 부여하십시오.

check-system-masters-bound = system:masters 사용
    .message = { $binding }{ JOSA($binding, "이/가") } `system:masters` 그룹을 대상으로 합니다.
    .why = 이 그룹은 인가 절차 이전에 모든 요청이 허용되며 RBAC을 바꾸어도 권한을 회수할 수 없습니다. 이 그룹에 대한 바인딩은 그룹이 실제로 쓰이고 있다는 신호입니다.
    .fix = 자체 그룹을 사용하고, `system:masters` 인증서는 비상용으로만 보관하십시오.

check-system-nodes-bound = RBAC으로 권한을 받은 노드
    .message = { $binding }{ JOSA($binding, "이/가") } `{ $subject }`에 { $role }{ JOSA($role, "을/를") } 부여합니다.
    .why = Node 인가자는 각 kubelet에 자기 파드가 필요로 하는 권한만 줍니다. 바인딩은 그 이상을 주며, 노드 하나만 장악해도 그 권한을 얻게 됩니다.
    .fix = 바인딩을 제거하고, 노드 에이전트에는 전용 서비스 어카운트를 부여하십시오.

check-wildcard-in-role = 역할의 와일드카드
    .message = { $role }{ JOSA($role, "은/는") } `{ $field }`에 `*`를 허용합니다.
    .why = 와일드카드는 아직 존재하지 않는 것까지 허용합니다. 이후 버전이나 오퍼레이터가 추가하는 동사, 리소스, 하위 리소스가 모두 포함되며 exec, 토큰, `escalate`도 예외가 아닙니다.
    .fix = 실제로 사용하는 동사, 리소스, API 그룹을 나열하십시오. `haechi access generate`로 감사 로그에서 목록을 만들 수 있습니다.

check-workload-with-takeover-role = 클러스터를 장악할 수 있는 워크로드
    .message = 이 파드는 역할 { $role }{ JOSA($role, "을/를") } 통해 클러스터 전체에 `{ $right }` 권한을 가진 { $account } 계정으로 실행됩니다.
    .why = 이 파드에 침입하면 계정의 토큰을 얻고, 그 토큰으로 클러스터 전체를 장악할 수 있습니다.
    .fix = 워크로드가 동작하는 네임스페이스에만 역할을 바인딩하고 필요한 오브젝트를 지정하십시오. 토큰이 필요 없는 컨테이너에는 토큰을 마운트하지 마십시오.

check-workloads-deletable = 워크로드 삭제 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }에 { $verbs } 권한이 있습니다.
    .why = 워크로드를 삭제하면 서비스가 중단됩니다. `deletecollection`은 요청 한 번으로 네임스페이스 전체를 삭제할 수 있습니다.
    .fix = 배포만 하는 사람과 도구의 역할에서 삭제 동사를 제거하십시오.

check-workloads-writable = 워크로드 변경 권한
    .message = { $role }{ JOSA($role, "은/는") } { $resources }에 { $verbs } 권한이 있습니다.
    .why = 워크로드의 파드는 네임스페이스의 어떤 서비스 어카운트로도 실행할 수 있고 모든 시크릿을 마운트할 수 있습니다. 특권 파드가 허용되는 곳에서는 노드까지 장악할 수 있습니다.
    .fix = 전용 계정을 쓰는 파이프라인으로 배포하고, 가능하면 `resourceNames`로 워크로드를 한정하며, 네임스페이스에 파드 보안 표준을 강제하십시오.
