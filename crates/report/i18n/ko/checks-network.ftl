# "network" 영역 점검 항목의 문구.

check-dangling-ingress-backend = 존재하지 않는 서비스로 연결되는 경로
    .message = 경로가 가리키는 서비스 `{ $name }` 또는 해당 포트가 스캔한 파일에 없습니다.
    .why = 사용자에게 오류가 발생하며, 같은 이름의 서비스를 만들 수 있는 사람이 자격 증명을 포함한 요청을 가로챌 수 있습니다.
    .fix = 백엔드를 수정하거나 서비스를 추가하십시오.

check-dangling-service-monitor = 서비스가 없는 모니터
    .message = ServiceMonitor가 선택하는 서비스가 스캔한 파일에 없습니다.
    .why = 아무것도 측정되지 않아 알림이 발생하지 않으며 이를 알아차리기도 어렵습니다.
    .fix = `selector`에 서비스의 레이블을 사용하십시오.

check-default-deny-missing = 기본 차단 정책 없음
    .message = 네임스페이스에 { $direction ->
        [ingress] 수신(ingress)을
        [egress] 송신(egress)을
       *[both] 수신(ingress)과 송신(egress)을
        } 기본적으로 차단하는 정책이 없습니다.
    .why = 정책이 없는 새 파드에는 어디서든 접근할 수 있고, 그 파드도 어디로든 접근할 수 있습니다.
    .fix = `podSelector`가 비어 있고 두 `policyTypes`를 모두 가진, 규칙 없는 정책을 추가하십시오.

check-exposed-service = 클러스터 밖으로 노출된 서비스
    .message = { $type ->
        [NodePort] 서비스가 클러스터의 모든 노드에서 포트를 엽니다.
       *[LoadBalancer] 서비스에 누구나 접근할 수 있는 로드 밸런서가 할당됩니다.
        }
    .why = 인그레스의 TLS와 인증, 로그를 거치지 않고 워크로드에 접근할 수 있습니다.
    .fix = Ingress나 Gateway 뒤에 `ClusterIP` 서비스를 두거나 `loadBalancerSourceRanges`로 접근을 제한하십시오.

check-ingress-without-tls = TLS 없는 인그레스
    .message = 인그레스가 { $host ->
        [all] 호스트를
       *[other] { $host }{ JOSA($host, "을/를") }
        } TLS 없이 제공합니다.
    .why = 비밀번호와 쿠키, 데이터가 암호화되지 않은 채 네트워크를 지나가며 누군가 읽거나 변경할 수 있습니다.
    .fix = `spec.tls`에 호스트와 인증서를 추가하십시오.

check-invalid-target-port = 연결되지 않는 대상 포트
    .message = 서비스의 대상 포트 { $port }{ JOSA($port, "이/가") } 올바르지 않거나 선택된 파드에 선언되지 않았습니다.
    .why = 해당 포트의 엔드포인트가 없어 연결이 거부됩니다.
    .fix = 컨테이너 포트의 번호나 선언된 이름을 사용하십시오.

check-namespace-without-network-policy = 네트워크 정책이 없는 네임스페이스
    .message = 스캔한 파일에 이 네임스페이스의 네트워크 정책이 없습니다.
    .why = 정책이 없으면 클러스터의 모든 파드가 이 네임스페이스의 모든 파드에 연결할 수 있습니다.
    .fix = 기본적으로 모든 트래픽을 차단하는 정책과 필요한 연결을 허용하는 정책을 추가하십시오.

check-network-policy-without-pods = 대상 파드가 없는 네트워크 정책
    .message = 이 정책이 선택하는 파드가 스캔한 파일에 없습니다.
    .why = 보호하려던 파드는 열려 있는데도 모두가 보호되고 있다고 믿게 됩니다.
    .fix = `podSelector`에 파드의 레이블을 사용하십시오.

check-pod-half-isolated = 한 방향만 격리된 파드
    .message = { $direction ->
        [egress] 파드가 어디든 연결할 수 있습니다. 송신(egress)을 제한하는 정책이 없습니다.
       *[ingress] 어디서든 파드에 연결할 수 있습니다. 수신(ingress)을 제한하는 정책이 없습니다.
        }
    .why = 송신을 제한하지 않으면 공격자가 도구를 내려받고 데이터를 빼낼 수 있으며, 수신을 제한하지 않으면 어느 파드에서든 침입할 수 있습니다.
    .fix = 빠진 방향을 `policyTypes`에 추가하고 필요한 트래픽을 규칙으로 허용하십시오.

check-pod-not-isolated = 격리되지 않은 파드
    .message = 이 파드를 대상으로 하는 네트워크 정책이 스캔한 파일에 없습니다.
    .why = 클러스터의 모든 파드가 이 파드에 연결할 수 있고, 이 파드도 어디든 연결할 수 있습니다. 어느 파드든 장악한 공격자가 이곳을 거쳐 이동할 수 있습니다.
    .fix = 파드를 대상으로 필요한 트래픽만 허용하는 NetworkPolicy를 추가하십시오.

check-service-external-ips = 외부 IP 주소 점유
    .message = 서비스가 외부 IP 주소를 점유합니다.
    .why = 주소의 소유자와 관계없이 모든 노드가 해당 주소의 트래픽을 이 서비스로 보냅니다(CVE-2020-8554). 클러스터 전체의 연결을 가로챌 수 있습니다.
    .fix = `externalIPs`를 제거하고 로드 밸런서를 사용하십시오. 어드미션 플러그인 DenyServiceExternalIPs로 이 필드를 금지하십시오.

check-service-without-pods = 파드가 없는 서비스
    .message = 서비스의 셀렉터와 일치하는 파드가 스캔한 파일에 없습니다.
    .why = 서비스가 응답하지 않으며, 해당 레이블로 파드를 만들 수 있는 사람이 트래픽을 가로챌 수 있습니다.
    .fix = `selector`에 파드의 레이블을 사용하거나 서비스를 제거하십시오.
